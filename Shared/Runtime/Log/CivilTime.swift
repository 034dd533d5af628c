import Bytes
import Platform

/// A moment as date and time of day in UTC, on the proleptic Gregorian calendar (RFC 3339).
struct CivilTime {
  let year, month, day: Int64
  let hour, minute, second, millisecond: Int64

  init(_ time: WallTime) {
    let seconds = time.secondsSinceEpoch
    let nanoseconds = time.nanosecondsSinceEpoch % 1_000_000_000
    millisecond = (nanoseconds < 0 ? nanoseconds + 1_000_000_000 : nanoseconds) / 1_000_000
    var days = seconds / 86_400
    var rest = seconds % 86_400
    if rest < 0 {
      rest += 86_400
      days -= 1
    }
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60

    // Years that begin on 1 March end with the leap day, so months have a regular length of 30.6 days
    // and a 400-year era has 146,097 days. WallTime spans 1677 to 2262: everything stays positive.
    let sinceEra = days + 719_468  // days since 0000-03-01
    let era = sinceEra / 146_097
    let dayOfEra = sinceEra % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// Appends `2026-11-23T16:50:28.123Z`.
  func write(into bytes: inout ByteBuffer) {
    bytes.append(decimal: Int(year), atLeast: 4)
    Self.write("-", month, into: &bytes)
    Self.write("-", day, into: &bytes)
    Self.write("T", hour, into: &bytes)
    Self.write(":", minute, into: &bytes)
    Self.write(":", second, into: &bytes)
    bytes.append(".")
    bytes.append(decimal: Int(millisecond), atLeast: 3)
    bytes.append("Z")
  }

  private static func write(_ sign: StaticString, _ number: Int64, into bytes: inout ByteBuffer) {
    bytes.append(sign)
    bytes.append(decimal: Int(number), atLeast: 2)
  }
}
