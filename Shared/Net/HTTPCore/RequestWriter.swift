import Bytes

// RFC 9112 §3 before changing this file.

/// Writes requests into a `ByteBuffer`; fields, chunks and the end of the head as in `ResponseWriter`.
public enum RequestWriter {
  /// The request line and the Host field. False, and nothing written, when the target holds a byte that no
  /// target may hold, or the host is not `uri-host [":" port]`.
  public static func head(
    _ method: Method, target: RawSpan, host: RawSpan, into output: inout ByteBuffer
  ) -> Bool {
    precondition(method != .other, "an unknown method has no name")
    guard isTarget(target), isHost(host) else { return false }
    output.append(method.name)
    output.append(" ")
    output.append(target)
    output.append(" HTTP/1.1\r\nhost: ")
    output.append(host)
    output.append("\r\n")
    return true
  }

  /// The request line and the Host field; see above.
  public static func head(
    _ method: Method, target: String, host: String, into output: inout ByteBuffer
  ) -> Bool {
    target.withBytes { target in host.withBytes { head(method, target: target, host: $0, into: &output) } }
  }

  /// Whether `bytes` is a target in origin form, or `*`.
  public static func isTarget(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count > 0 else { return false }
    if count == 1 && bytes.byte(0) == ASCII.asterisk { return true }
    guard bytes.byte(0) == ASCII.slash else { return false }
    var index = 0
    var mask = ByteClass.path
    while true {
      index = bytes.run(of: mask, from: index, to: count)
      guard index < count else { return true }
      switch bytes.byte(index) {
      case ASCII.question: mask = ByteClass.query
      case ASCII.percent:
        guard index + 2 < count, ByteClass.contains(bytes.byte(index + 1), ByteClass.hexadecimal),
          ByteClass.contains(bytes.byte(index + 2), ByteClass.hexadecimal)
        else { return false }
        index += 2
      default: return false
      }
      index += 1
    }
  }

  /// Whether `bytes` is a host with an optional port.
  public static func isHost(_ bytes: RawSpan) -> Bool {
    var authority = Authority()
    return authority.scan(bytes, from: 0, to: bytes.byteCount) == bytes.byteCount && authority.isComplete
  }
}
