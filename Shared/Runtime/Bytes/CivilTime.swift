/// A second as date and time of day in UTC, on the proleptic Gregorian calendar (RFC 3339).
public struct CivilTime {
  public let year, month, day: Int
  public let hour, minute, second: Int
  /// Days since 1970-01-01, which was a Thursday.
  public let daysSinceEpoch: Int

  /// The second that begins `secondsSinceEpoch` after 1970-01-01T00:00:00Z.
  @inline(never)
  public init(secondsSinceEpoch: Int64) {
    let seconds = Int(secondsSinceEpoch)
    let secondOfDay = seconds % 86_400 + (seconds % 86_400 < 0 ? 86_400 : 0)
    let days = (seconds - secondOfDay) / 86_400
    daysSinceEpoch = days
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60

    // Years that begin on 1 March end with the leap day, so months have a regular length of 30.6 days, and an era of
    // 400 years has 146,097 days. 0000-03-01 lies 719,468 days before 1970-01-01.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }
}

extension ByteBuffer {
  /// Appends the moment `nanosecondsSinceEpoch` after 1970-01-01T00:00:00Z, rounded down to the millisecond:
  /// `2026-11-23T16:50:28.123Z`.
  @inline(never)
  public mutating func append(timestamp nanosecondsSinceEpoch: Int64) {
    let nanoseconds = nanosecondsSinceEpoch % 1_000_000_000
    let seconds = nanosecondsSinceEpoch / 1_000_000_000 - (nanoseconds < 0 ? 1 : 0)
    let time = CivilTime(secondsSinceEpoch: seconds)
    append(decimal: time.year, atLeast: 4)
    append("-", time.month)
    append("-", time.day)
    append("T", time.hour)
    append(":", time.minute)
    append(":", time.second)
    append(".")
    append(decimal: Int(nanoseconds < 0 ? nanoseconds + 1_000_000_000 : nanoseconds) / 1_000_000, atLeast: 3)
    append("Z")
  }

  /// Appends a sign and the two digits of `number`.
  @inline(never)
  private mutating func append(_ sign: StaticString, _ number: Int) {
    append(sign)
    append(decimal: number, atLeast: 2)
  }
}
