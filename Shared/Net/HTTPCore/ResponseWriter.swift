import Bytes

// RFC 9112 §4, §6 and §7.1, RFC 9110 §5.5 before changing this file.

/// Writes responses into a `ByteBuffer`.
///
/// A field whose name is no token, or whose value holds a byte that no value may hold (CR, LF, NUL and other
/// controls), is left out whole, and the call says so: what a peer sent and a service echoes can neither split
/// a response nor stop a server. Nothing here traps. Only `copy` does not look: its fields were read by our own parser.
public enum ResponseWriter {
  /// The status line. Cost: one copy for the usual one.
  @inline(__always)
  public static func statusLine(_ status: Status, into output: inout ByteBuffer) {
    if status.code == 200 {
      output.append("HTTP/1.1 200 OK\r\n")
    } else {
      otherStatusLine(status, into: &output)
    }
  }

  @inline(never)
  private static func otherStatusLine(_ status: Status, into output: inout ByteBuffer) {
    output.append("HTTP/1.1 ")
    output.append(decimal: Int(status.code))
    output.append(" ")
    output.append(status.reason)
    output.append("\r\n")
  }

  /// A field whose name and value are part of the program. They are not looked at.
  @inline(__always)
  public static func field(_ name: StaticString, literal value: StaticString, into output: inout ByteBuffer) {
    output.append(name)
    output.append(": ")
    output.append(value)
    output.append("\r\n")
  }

  /// A field with a number.
  public static func field(_ name: StaticString, _ value: Int, into output: inout ByteBuffer) {
    output.append(name)
    output.append(": ")
    output.append(decimal: value)
    output.append("\r\n")
  }

  /// A field whose name is part of the program; false when the value was not fit and the field left out.
  @discardableResult
  public static func field(_ name: StaticString, _ value: String, into output: inout ByteBuffer) -> Bool {
    value.withBytes { field(name, $0, into: &output) }
  }

  /// A field whose name is part of the program; false when the value was not fit and the field left out.
  @discardableResult
  public static func field(_ name: StaticString, _ value: RawSpan, into output: inout ByteBuffer) -> Bool {
    guard isFieldValue(value) else { return false }
    // Read before the closure returns.
    name.withUTF8Buffer { write(RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), value, into: &output) }
    return true
  }

  /// A field; false when the name or the value was not fit and the field left out.
  @discardableResult
  public static func field(_ name: String, _ value: String, into output: inout ByteBuffer) -> Bool {
    name.withBytes { name in value.withBytes { field(name, $0, into: &output) } }
  }

  /// A field; false when the name or the value was not fit and the field left out.
  @discardableResult
  public static func field(_ name: RawSpan, _ value: RawSpan, into output: inout ByteBuffer) -> Bool {
    guard isToken(name), isFieldValue(value) else { return false }
    write(name, value, into: &output)
    return true
  }

  /// A field that `FieldSection` read from another message, so that its name is a token and its value is a field's.
  @inline(__always)
  public static func copy(_ name: RawSpan, _ value: RawSpan, into output: inout ByteBuffer) {
    write(name, value, into: &output)
  }

  /// Name, `: `, value and the line's end. Looks once whether there is room, not for each of the four.
  @inline(never)
  private static func write(_ name: RawSpan, _ value: RawSpan, into output: inout ByteBuffer) {
    output.withFreeRoom(atLeast: name.byteCount + value.byteCount + 4) { room in
      room.append(contentsOf: name)
      room.append(bigEndian: 0x3a20 as UInt16)
      room.append(contentsOf: value)
      room.append(bigEndian: 0x0d0a as UInt16)
    }
  }

  /// Content-Length.
  @inline(__always)
  public static func contentLength(_ byteCount: Int, into output: inout ByteBuffer) {
    field("content-length", byteCount, into: &output)
  }

  /// The empty line after the fields.
  @inline(__always)
  public static func endOfHead(into output: inout ByteBuffer) { output.append("\r\n") }

  /// One chunk; nothing for no bytes, because an empty chunk would end the content.
  public static func chunk(_ bytes: RawSpan, into output: inout ByteBuffer) {
    guard bytes.byteCount > 0 else { return }
    chunkHead(bytes.byteCount, into: &output)
    output.append(bytes)
    output.append("\r\n")
  }

  /// The size line of a chunk of `byteCount` bytes (at least 1), which the caller appends, and then
  /// `chunkEnd`.
  public static func chunkHead(_ byteCount: Int, into output: inout ByteBuffer) {
    precondition(byteCount > 0)
    var shift = (Int.bitWidth - byteCount.leadingZeroBitCount - 1) & ~3
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: byteCount >> shift & 15)
      output.append(digit < 10 ? ASCII.zero + digit : UInt8(ascii: "a") - 10 + digit)
      shift -= 4
    }
    output.append("\r\n")
  }

  /// The line end after a chunk's bytes.
  public static func chunkEnd(into output: inout ByteBuffer) { output.append("\r\n") }

  /// The end of chunked content, without trailers.
  public static func lastChunk(into output: inout ByteBuffer) { output.append("0\r\n\r\n") }

  /// `HTTP/1.1 100 Continue`, whole.
  public static func continuation(into output: inout ByteBuffer) {
    output.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  /// Whether `bytes` is a token: a field name, for instance.
  public static func isToken(_ bytes: RawSpan) -> Bool {
    bytes.byteCount > 0 && bytes.run(of: ByteClass.token, from: 0, to: bytes.byteCount) == bytes.byteCount
  }

  /// Whether `bytes` may stand as a field value: no control but tab, no white space at the ends.
  public static func isFieldValue(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count > 0 else { return true }
    guard bytes.run(of: ByteClass.fieldValue, from: 0, to: count) == count else { return false }
    return bytes.trimmed(0..<count).count == count
  }
}
