import Bytes

// RFC 9110 §5.6.7 before changing this file.

/// Dates as HTTP writes them (IMF-fixdate): `Sun, 06 Nov 1994 08:49:37 GMT`.
public enum HTTPDate {
  /// How long every date is.
  public static let byteCount = 29

  /// Appends the date of `seconds` since 1970-01-01T00:00:00Z. Years outside 1 to 9999 are brought to that
  /// range's end.
  public static func write(_ seconds: Int64, into output: inout ByteBuffer) {
    // 0001-01-01 and 9999-12-31.
    let seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
    let days = Int(seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400)
    let second = Int(seconds) - days * 86400
    let (year, month, day) = civil(days)
    let weekdays: StaticString = "ThuFriSatSunMonTueWed"
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    let weekday = (days % 7 + 7) % 7
    name(weekdays, weekday, into: &output)
    output.append(", ")
    output.append(decimal: day, atLeast: 2)
    output.append(" ")
    name(months, month - 1, into: &output)
    output.append(" ")
    output.append(decimal: year, atLeast: 4)
    output.append(" ")
    output.append(decimal: second / 3600, atLeast: 2)
    output.append(":")
    output.append(decimal: second / 60 % 60, atLeast: 2)
    output.append(":")
    output.append(decimal: second % 60, atLeast: 2)
    output.append(" GMT")
  }

  /// The date as a string.
  public static func string(_ seconds: Int64) -> String {
    var buffer = ByteBuffer(capacity: 32)
    write(seconds, into: &buffer)
    return buffer.bytes.string(0..<buffer.count)
  }

  /// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01: whole cycles of 400
  /// years (146,097 days), counted from 1 March so that the leap day is a year's last.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    // 0000-03-01 lies 719,468 days before 1970-01-01.
    let shifted = days + 719_468
    let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfCycle = shifted - cycle * 146_097
    let yearOfCycle =
      (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, day)
  }

  @inline(never)
  private static func name(_ names: StaticString, _ index: Int, into output: inout ByteBuffer) {
    for offset in 0..<3 { output.append(names.utf8Start[index * 3 + offset]) }
  }
}
