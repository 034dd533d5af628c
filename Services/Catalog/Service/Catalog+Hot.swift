import Bytes
import HTTP
import HTTPCore

extension Catalog {
  private static var pathPrefix: StaticString { "/api/v1/products/" }

  /// `GET /api/v1/products/{id}` for a product whose answer is kept ready, also as HEAD and as 304. Anything out
  /// of the ordinary is left to `respond`. Allocates nothing.
  public func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool {
    let head = request.head
    guard head.method == .get || head.method == .head, head.query == nil else { return false }
    guard let entry = request.withPath({ find($0) }) else { return false }

    var requestID: Range<Int>?
    if head.has(.xRequestID) {
      guard head.count(of: .xRequestID) == 1, let value = head.value(of: .xRequestID),
        request.withBytes(value, Self.isRequestID)
      else { return false }
      requestID = value
    }
    if head.has(.ifNoneMatch) {
      // A single tag that is ours; other tags, lists, weak tags and `*` take the long way.
      guard head.count(of: .ifNoneMatch) == 1, let value = head.value(of: .ifNoneMatch),
        request.withBytes(value, { Self.isEqual($0, entry.entityTag) })
      else { return false }
      output.append("HTTP/1.1 304 Not Modified\r\ndate: ")
      Self.append(dateAndID: request, requestID, into: &output)
      output.append(entry.notModified)
      return true
    }
    output.append("HTTP/1.1 200 OK\r\ndate: ")
    Self.append(dateAndID: request, requestID, into: &output)
    if head.method == .get {
      output.append(entry.bytes)
    } else {
      output.append(entry.bytes[..<entry.bodyStart])
    }
    return true
  }

  @inline(__always)
  private func find(_ path: RawSpan) -> ProductCache.Entry? {
    let prefix = Self.pathPrefix
    let prefixCount = prefix.utf8CodeUnitCount
    guard path.byteCount == prefixCount + ProductCache.Key.byteCount else { return nil }
    // Loads are bounds-checked, and every bit pattern is a byte.
    for index in 0..<prefixCount
    where path.unsafeLoad(fromByteOffset: index, as: UInt8.self) != prefix.utf8Start[index] { return nil }
    return cache.find(ProductCache.Key(path, at: prefixCount))
  }

  @inline(__always)
  private static func append(
    dateAndID request: Request, _ requestID: Range<Int>?, into output: inout ByteBuffer
  ) {
    request.withDate { output.append($0) }
    if let requestID {
      output.append("\r\nx-request-id: ")
      request.withBytes(requestID) { output.append($0) }
    }
  }

  private static func isEqual(_ span: RawSpan, _ bytes: [UInt8]) -> Bool {
    guard span.byteCount == bytes.count else { return false }
    // Loads are bounds-checked, and every bit pattern is a byte.
    for index in 0..<bytes.count
    where span.unsafeLoad(fromByteOffset: index, as: UInt8.self) != bytes[index] { return false }
    return true
  }

  /// 1–128 of `[A-Za-z0-9._-]`.
  private static func isRequestID(_ span: RawSpan) -> Bool {
    guard (1...128).contains(span.byteCount) else { return false }
    for index in 0..<span.byteCount {
      // Bounds-checked, and every bit pattern is a byte.
      switch span.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        continue
      default: return false
      }
    }
    return true
  }
}
