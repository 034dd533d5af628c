/// A moment as date and time of day in UTC, on the proleptic Gregorian calendar: for what HTTP, JSON and logs call a time.
public struct CivilTime {
  public let year, month, day: Int
  public let hour, minute, second, millisecond: Int
  /// From 0, a Sunday.
  public let weekday: Int

  /// The moment `seconds` and `millisecond` after 1970-01-01T00:00:00Z.
  @inline(never)
  public init(secondsSinceEpoch seconds: Int, millisecond: Int = 0) {
    self.millisecond = millisecond
    var days = seconds / 86_400
    var rest = seconds % 86_400
    if rest < 0 {
      rest += 86_400
      days -= 1
    }
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
    weekday = (days % 7 + 11) % 7

    // Years that begin on 1 March end with the leap day, so months have a regular length of 30.6 days
    // and a 400-year era has 146,097 days.
    let shifted = days + 719_468  // since 0000-03-01
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// The moment `nanoseconds` after 1970-01-01T00:00:00Z, rounded down to the millisecond.
  public init(nanosecondsSinceEpoch nanoseconds: Int64) {
    var seconds = nanoseconds / 1_000_000_000
    var rest = nanoseconds % 1_000_000_000
    if rest < 0 {
      rest += 1_000_000_000
      seconds -= 1
    }
    self.init(secondsSinceEpoch: Int(seconds), millisecond: Int(rest) / 1_000_000)
  }

  /// Appends `2026-11-23T16:50:28.123Z` (RFC 3339).
  @inline(never)
  public func write(into bytes: inout ByteBuffer) {
    bytes.append(decimal: year, atLeast: 4)
    Self.write("-", month, into: &bytes)
    Self.write("-", day, into: &bytes)
    Self.write("T", hour, into: &bytes)
    Self.write(":", minute, into: &bytes)
    Self.write(":", second, into: &bytes)
    bytes.append(".")
    bytes.append(decimal: millisecond, atLeast: 3)
    bytes.append("Z")
  }

  private static func write(_ sign: StaticString, _ number: Int, into bytes: inout ByteBuffer) {
    bytes.append(sign)
    bytes.append(decimal: number, atLeast: 2)
  }
}
