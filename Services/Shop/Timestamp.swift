// RFC 3339 §5.6 before changing this file.

import Bytes
import Platform

/// Times in JSON: RFC 3339 in UTC with milliseconds, `2026-11-23T16:50:28.123Z`.
public enum Timestamp {
  /// Writes `time`, rounded down to the millisecond. Years 0000–9999 come out right.
  public static func string(_ time: WallTime) -> String {
    var bytes = ByteBuffer(capacity: 24)
    CivilTime(nanosecondsSinceEpoch: time.nanosecondsSinceEpoch).write(into: &bytes)
    return String(utf8: bytes.bytes)
  }

  /// Reads an RFC 3339 time with `Z` or an offset and up to nine decimals; nil when it is none. A leap second
  /// (`:60`) is refused: no clock here shows one.
  public static func parse(_ text: String) -> WallTime? {
    var scanner = Scanner(bytes: Array(text.utf8))
    let year = scanner.number(4)
    scanner.expect("-")
    let month = scanner.number(2, 1...12)
    scanner.expect("-")
    let day = scanner.number(2, 1...days(in: month, of: year))
    if !scanner.take("t") { scanner.expect("T") }
    let hour = scanner.number(2, 0...23)
    scanner.expect(":")
    let minute = scanner.number(2, 0...59)
    scanner.expect(":")
    let second = scanner.number(2, 0...59)
    var nanoseconds: Int64 = 0
    if scanner.take(".") {
      var scale: Int64 = 1_000_000_000
      repeat {
        scale /= 10
        nanoseconds += scanner.number(1) * scale
      } while scanner.isAtDigit
      if scale == 0 { scanner.isGood = false }
    }
    var offset: Int64 = 0
    if !scanner.take("Z") && !scanner.take("z") {
      let isNegative = scanner.take("-")
      if !isNegative { scanner.expect("+") }
      offset = scanner.number(2, 0...23) * 3600
      scanner.expect(":")
      offset += scanner.number(2, 0...59) * 60
      if isNegative { offset = -offset }
    }
    guard scanner.isGood, scanner.isAtEnd else { return nil }
    let seconds =
      daysSinceEpoch(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
      - offset
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, spill) = scaled.addingReportingOverflow(nanoseconds)
    return overflow || spill ? nil : WallTime(nanosecondsSinceEpoch: sum)
  }

  /// On the proleptic Gregorian calendar, counted in eras of 400 years that begin on March 1st.
  private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    if month == 2 {
      return year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
  }

  /// Remembers whether everything was as expected, so that who reads asks once.
  private struct Scanner {
    let bytes: [UInt8]
    var at = 0
    var isGood = true

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }
    var isAtDigit: Bool { at < bytes.count && bytes[at] &- UInt8(ascii: "0") < 10 }

    @inline(never)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    @inline(never)
    mutating func expect(_ character: Unicode.Scalar) {
      if !take(character) { isGood = false }
    }

    /// The number in so many digits; the least of `range` when there is none in it.
    @inline(never)
    mutating func number(_ digitCount: Int, _ range: ClosedRange<Int64> = 0...9999) -> Int64 {
      var number: Int64 = 0
      for _ in 0..<digitCount {
        guard isAtDigit else {
          isGood = false
          break
        }
        number = number * 10 + Int64(bytes[at] &- UInt8(ascii: "0"))
        at += 1
      }
      if range.contains(number) { return number }
      isGood = false
      return range.lowerBound
    }
  }
}
