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
    let time = CivilTime(secondsSinceEpoch: Int(seconds))
    let weekdays: StaticString = "SunMonTueWedThuFriSat"
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    name(weekdays, time.weekday, into: &output)
    output.append(", ")
    output.append(decimal: time.day, atLeast: 2)
    output.append(" ")
    name(months, time.month - 1, into: &output)
    output.append(" ")
    output.append(decimal: time.year, atLeast: 4)
    output.append(" ")
    output.append(decimal: time.hour, atLeast: 2)
    output.append(":")
    output.append(decimal: time.minute, atLeast: 2)
    output.append(":")
    output.append(decimal: time.second, atLeast: 2)
    output.append(" GMT")
  }

  /// The date as a string.
  public static func string(_ seconds: Int64) -> String {
    var buffer = ByteBuffer(capacity: 32)
    write(seconds, into: &buffer)
    return buffer.bytes.string(0..<buffer.count)
  }

  @inline(never)
  private static func name(_ names: StaticString, _ index: Int, into output: inout ByteBuffer) {
    // Safe: a literal's bytes are there for good.
    output.append(RawSpan(_unsafeStart: names.utf8Start + index * 3, byteCount: 3))
  }
}
