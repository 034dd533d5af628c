// RFC 3339 §5.6 before changing this file.

import Bytes
import Platform

/// Times in JSON: RFC 3339 in UTC with milliseconds, `2026-11-23T16:50:28.123Z`.
public enum Timestamp {
  /// Writes `time`, rounded down to the millisecond. Years 0000–9999 come out right.
  public static func string(_ time: WallTime) -> String {
    var text = ByteBuffer(capacity: 24)
    text.append(timestamp: time.nanosecondsSinceEpoch)
    return String(utf8: text.bytes)
  }

  /// Reads an RFC 3339 time with `Z` or an offset and up to nine decimals; nil when it is none. A leap second
  /// (`:60`) is refused: no clock here shows one.
  public static func parse(_ text: String) -> WallTime? {
    var scanner = Scanner(bytes: Array(text.utf8))
    guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
      let day = scanner.digits(2), scanner.take("T") || scanner.take("t"), let hour = scanner.digits(2),
      scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"), let second = scanner.digits(2),
      (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour < 24, minute < 60,
      second < 60
    else { return nil }
    var nanoseconds: Int64 = 0
    if scanner.take(".") {
      var scale: Int64 = 100_000_000
      guard let first = scanner.digits(1) else { return nil }
      nanoseconds = first * scale
      while let digit = scanner.digits(1) {
        scale /= 10
        guard scale > 0 else { return nil }
        nanoseconds += digit * scale
      }
    }
    var offset: Int64 = 0
    if !scanner.take("Z") && !scanner.take("z") {
      let isNegative = scanner.take("-")
      guard isNegative || scanner.take("+"), let hours = scanner.digits(2), scanner.take(":"),
        let minutes = scanner.digits(2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (isNegative ? -1 : 1)
    }
    guard scanner.isAtEnd else { return nil }
    let seconds =
      daysSinceEpoch(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
      - offset
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, spill) = scaled.addingReportingOverflow(nanoseconds)
    return overflow || spill ? nil : WallTime(nanosecondsSinceEpoch: sum)
  }

  // MARK: The proleptic Gregorian calendar, counted in eras of 400 years that begin on March 1st

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

  private struct Scanner {
    let bytes: [UInt8]
    var at = 0

    var isAtEnd: Bool { at == bytes.count }

    @inline(never)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    @inline(never)
    mutating func digits(_ count: Int) -> Int64? {
      guard at + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for index in at..<at + count {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        value = value * 10 + Int64(digit)
      }
      at += count
      return value
    }
  }
}
