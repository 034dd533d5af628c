import Bytes

/// One field line of a message: where its name and its value stand in the bytes that were parsed.
public struct FieldRange: Equatable, Sendable {
  private let nameStart: UInt32
  private let nameCount: UInt32
  private let valueStart: UInt32
  private let valueCount: UInt32
  /// The field, when it is one that somebody here reads.
  public let known: KnownField?

  /// The name as it was sent.
  public var name: Range<Int> { .init(uncheckedBounds: (Int(nameStart), Int(nameStart) + Int(nameCount))) }
  /// The value without white space around it; may be empty.
  public var value: Range<Int> {
    .init(uncheckedBounds: (Int(valueStart), Int(valueStart) + Int(valueCount)))
  }

  @inline(__always)
  init(nameStart: Int, nameEnd: Int, valueStart: Int, valueEnd: Int, known: KnownField?) {
    // Sections are at most a few KiB behind the start of the input, so 32 bits hold every offset.
    self.nameStart = UInt32(truncatingIfNeeded: nameStart)
    nameCount = UInt32(truncatingIfNeeded: nameEnd &- nameStart)
    self.valueStart = UInt32(truncatingIfNeeded: valueStart)
    valueCount = UInt32(truncatingIfNeeded: valueEnd &- valueStart)
    self.known = known
  }
}

/// The field lines of a message, in order.
public protocol FieldSource {
  /// Every field line, in order.
  var fields: [FieldRange] { get }
  /// The known fields that are there, one bit each.
  var knownFields: UInt64 { get }
}

extension FieldSource {
  /// Whether the field is there.
  @inlinable
  public func has(_ field: KnownField) -> Bool { knownFields & (1 << UInt64(field.rawValue)) != 0 }

  /// Where the value of the first line with this field stands.
  @inlinable
  public func value(of field: KnownField) -> Range<Int>? {
    guard has(field) else { return nil }
    for line in fields where line.known == field { return line.value }
    return nil
  }

  /// How many lines carry this field.
  @inlinable
  public func count(of field: KnownField) -> Int {
    guard has(field) else { return 0 }
    var count = 0
    for line in fields where line.known == field { count += 1 }
    return count
  }

  /// The values of all lines with this field, joined by `, ` as RFC 9110 §5.3 allows for list fields; nil
  /// when there is none. Bytes that are not UTF-8 become U+FFFD.
  public func string(of field: KnownField, in input: RawSpan) -> String? {
    guard has(field) else { return nil }
    var bytes: [UInt8] = []
    var isFirst = true
    for line in fields where line.known == field {
      if !isFirst { bytes += [ASCII.comma, ASCII.space] }
      isFirst = false
      input.append(line.value, to: &bytes)
    }
    return String(utf8: bytes)
  }

  /// Where the value of the first line with this name, in any case, stands.
  public func value(named name: String, in input: RawSpan) -> Range<Int>? {
    if let known = KnownField(name) { return value(of: known) }
    return name.withBytes { wanted in
      for line in fields where line.known == nil && input.equals(line.name, ignoringCaseOf: wanted) {
        return line.value
      }
      return nil
    }
  }
}

extension RawSpan {
  /// Copies the bytes at `range` to the end of `bytes`.
  func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
    extracting(range).withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Whether the bytes at `range` equal `other`, ASCII letters in any case.
  func equals(_ range: Range<Int>, ignoringCaseOf other: RawSpan) -> Bool {
    guard range.count == other.byteCount else { return false }
    for index in 0..<other.byteCount
    where ASCII.lowercased(byte(range.lowerBound + index)) != ASCII.lowercased(other.byte(index)) {
      return false
    }
    return true
  }

  /// The text at `range`; bytes that are not UTF-8 become U+FFFD.
  public func string(_ range: Range<Int>) -> String {
    String(utf8: extracting(range))
  }
}

/// A request's head. All ranges are offsets from the start of the input that was parsed.
public struct RequestHead: FieldSource, Sendable {
  /// The method.
  public internal(set) var method = Method.other
  /// The version.
  public internal(set) var version = Version.http11
  /// Where the method's token stands.
  public internal(set) var methodName = 0..<0
  /// The request target as it was sent.
  public internal(set) var target = 0..<0
  /// The path, still percent-encoded. Empty for `*`, and for an absolute form without one, which means `/`.
  public internal(set) var path = 0..<0
  /// What follows the first `?`, without it.
  public internal(set) var query: Range<Int>?
  /// `host [":" port]`: of the target in absolute form, else of the Host field; empty when neither names one.
  public internal(set) var host = 0..<0
  /// Every field line, in order.
  public internal(set) var fields: [FieldRange] = []
  /// The known fields that are there, one bit each.
  public internal(set) var knownFields: UInt64 = 0
  /// How the content ends.
  public internal(set) var framing = Framing.none
  /// Whether the connection may carry another request after this one (RFC 9112 §9.3).
  public internal(set) var keepAlive = true
  /// Whether the client waits for `100 Continue` before it sends content.
  public internal(set) var expectsContinue = false
  /// Whether the target was `http://host/path`.
  public internal(set) var isAbsoluteForm = false
  /// Whether the request is about the server as a whole: `OPTIONS *`, or OPTIONS with an absolute form that
  /// has neither path nor query (RFC 9112 §3.2.4).
  public internal(set) var isAsterisk = false

  /// An empty head.
  public init() {}
}

/// A response's head. All ranges are offsets from the start of the input that was parsed.
public struct ResponseHead: FieldSource, Sendable {
  /// The status.
  public internal(set) var status = Status.ok
  /// The version.
  public internal(set) var version = Version.http11
  /// Every field line, in order.
  public internal(set) var fields: [FieldRange] = []
  /// The known fields that are there, one bit each.
  public internal(set) var knownFields: UInt64 = 0
  /// How the content ends.
  public internal(set) var framing = Framing.none
  /// The length that was declared, also where no content follows (HEAD, 304).
  public internal(set) var contentLength: UInt64?
  /// Whether the connection may carry another request after this response.
  public internal(set) var keepAlive = true

  /// An empty head.
  public init() {}
}
