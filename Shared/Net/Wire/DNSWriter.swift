// RFC 1035 §4.1 before changing this file.

import Bytes

/// The header of a DNS message, to be written; questions and records follow, as many as it says.
public struct DNSHeader: Equatable, Sendable {
  /// Which query it belongs to.
  public var id: UInt16
  /// Whether it is an answer.
  public var isResponse = false
  /// Whether not all of it fitted.
  public var isTruncated = false
  /// Whether the client wants the server to ask others.
  public var recursionDesired = true
  /// Whether the server asks others.
  public var recursionAvailable = false
  /// What became of the query.
  public var responseCode = DNSResponseCode.noError
  /// How many questions follow.
  public var questionCount: UInt16 = 1
  /// How many answers follow the questions.
  public var answerCount: UInt16 = 0

  /// The header of a query with one question.
  public init(id: UInt16) { self.id = id }

  /// Appends 12 bytes. Traps when they have no room.
  @_lifetime(output: copy output)
  public func write(into output: inout OutputRawSpan) {
    precondition(responseCode.rawValue < 16)
    output.append(bigEndian: id)
    output.append((isResponse ? 0x80 : 0) | (isTruncated ? 2 : 0) | (recursionDesired ? 1 : 0))
    output.append((recursionAvailable ? 0x80 : 0) | responseCode.rawValue)
    output.append(bigEndian: questionCount)
    output.append(bigEndian: answerCount)
    output.append(bigEndian: UInt32(0))
  }
}

/// Writes the parts behind a header. Names are not compressed; each takes at most 255 bytes.
public enum DNSWriter {
  /// Appends a question, at most 259 bytes. Throws `badName` before anything is written.
  @_lifetime(output: copy output)
  public static func question(
    _ name: String, _ type: DNSType, into output: inout OutputRawSpan
  ) throws(WireError) {
    try DNSName.write(name, into: &output)
    output.append(bigEndian: type.rawValue)
    output.append(bigEndian: UInt16(1))
  }

  /// Appends a query: a header and one question, at most 271 bytes. Throws `badName` before anything is
  /// written.
  @_lifetime(output: copy output)
  public static func query(
    id: UInt16, _ name: String, _ type: DNSType, into output: inout OutputRawSpan
  ) throws(WireError) {
    guard DNSName.isWritable(name) else { throw .badName }
    DNSHeader(id: id).write(into: &output)
    try question(name, type, into: &output)
  }

  /// Appends an A record, at most 269 bytes.
  @_lifetime(output: copy output)
  public static func record(
    _ name: String, timeToLiveSeconds: UInt32, _ address: IPv4Address, into output: inout OutputRawSpan
  ) throws(WireError) {
    try begin(name, .a, timeToLiveSeconds, into: &output)
    output.append(bigEndian: UInt16(4))
    output.append(bigEndian: address.rawValue)
  }

  /// Appends an AAAA record, at most 281 bytes.
  @_lifetime(output: copy output)
  public static func record(
    _ name: String, timeToLiveSeconds: UInt32, _ address: IPv6Address, into output: inout OutputRawSpan
  ) throws(WireError) {
    try begin(name, .aaaa, timeToLiveSeconds, into: &output)
    output.append(bigEndian: UInt16(16))
    output.append(bigEndian: address.high)
    output.append(bigEndian: address.low)
  }

  /// Appends a CNAME record, at most 520 bytes. Throws `badName` before anything is written.
  @_lifetime(output: copy output)
  public static func record(
    _ name: String, timeToLiveSeconds: UInt32, canonicalName: String, into output: inout OutputRawSpan
  ) throws(WireError) {
    guard DNSName.isWritable(canonicalName) else { throw .badName }
    try begin(name, .cname, timeToLiveSeconds, into: &output)
    let length = output.byteCount
    output.append(bigEndian: UInt16(0))
    try DNSName.write(canonicalName, into: &output)
    output.overwrite(at: length, bigEndian: UInt16(output.byteCount - length - 2))
  }

  @_lifetime(output: copy output)
  private static func begin(
    _ name: String, _ type: DNSType, _ timeToLiveSeconds: UInt32, into output: inout OutputRawSpan
  ) throws(WireError) {
    try DNSName.write(name, into: &output)
    output.append(bigEndian: type.rawValue)
    output.append(bigEndian: UInt16(1))
    output.append(bigEndian: timeToLiveSeconds)
  }
}
