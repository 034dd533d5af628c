// RFC 1035 §4.1.2, §4.1.3 and RFC 2181 §8 before changing this file.

import Bytes

/// A question of a validated message.
public struct DNSQuestion: ~Escapable {
  private let message: RawSpan
  private let start: Int
  private let tail: Int

  @_lifetime(copy message)
  fileprivate init(_ message: RawSpan, start: Int, tail: Int) {
    self.message = message
    self.start = start
    self.tail = tail
  }

  /// The name asked about.
  public var name: DNSName { @_lifetime(copy self) get { DNSName(message, at: start) } }
  /// What is asked for.
  public var type: DNSType { DNSType(rawValue: message.bigEndian16(at: tail)) }
  /// Whether it is of the Internet's class.
  public var isInternet: Bool { message.bigEndian16(at: tail + 2) == 1 }
}

/// A record of a validated message.
public struct DNSRecord: ~Escapable {
  private let message: RawSpan
  private let start: Int
  private let tail: Int

  @_lifetime(copy message)
  fileprivate init(_ message: RawSpan, start: Int, tail: Int) {
    self.message = message
    self.start = start
    self.tail = tail
  }

  /// Whom it is about.
  public var name: DNSName { @_lifetime(copy self) get { DNSName(message, at: start) } }
  /// What it holds.
  public var type: DNSType { DNSType(rawValue: message.bigEndian16(at: tail)) }
  /// Whether it is of the Internet's class.
  public var isInternet: Bool { message.bigEndian16(at: tail + 2) == 1 }
  /// How long it may be kept; with the highest bit set it counts as 0 (RFC 2181 §8).
  public var timeToLiveSeconds: UInt32 {
    let value = message.bigEndian32(at: tail + 4)
    return value >> 31 == 0 ? value : 0
  }
  /// Its data as it came; names in it may be compressed.
  public var data: RawSpan {
    @_lifetime(copy self) get {
      message.extracting(tail + 10..<tail + 10 + Int(message.bigEndian16(at: tail + 8)))
    }
  }
  /// The address of an A record.
  public var ipv4Address: IPv4Address? {
    isInternet && type == .a ? IPv4Address(message, at: tail + 10) : nil
  }
  /// The address of an AAAA record.
  public var ipv6Address: IPv6Address? {
    isInternet && type == .aaaa ? IPv6Address(message, at: tail + 10) : nil
  }
  /// The name that a CNAME record stands for.
  public var canonicalName: DNSName? {
    @_lifetime(copy self) get {
      guard isInternet && type == .cname else { return nil }
      return DNSName(message, at: tail + 10)
    }
  }
}

/// Takes the questions of a validated message one after the other.
public struct DNSQuestions: ~Escapable {
  private let message: RawSpan
  private var offset = DNSMessage.headerByteCount
  private var left: Int

  @_lifetime(copy message)
  init(_ message: RawSpan, count: Int) {
    self.message = message
    left = count
  }

  /// The next question.
  @_lifetime(copy self)
  public mutating func next() -> DNSQuestion? {
    guard left > 0 else { return nil }
    left -= 1
    let start = offset
    let tail = DNSName.endOfChecked(in: message, from: start)
    offset = tail + 4
    return DNSQuestion(message, start: start, tail: tail)
  }
}

/// Takes records of a validated message one after the other.
public struct DNSRecords: ~Escapable {
  private let message: RawSpan
  private var offset: Int
  private var left: Int

  @_lifetime(copy message)
  init(_ message: RawSpan, from offset: Int, count: Int) {
    self.message = message
    self.offset = offset
    left = count
  }

  /// The next record.
  @_lifetime(copy self)
  public mutating func next() -> DNSRecord? {
    guard left > 0 else { return nil }
    left -= 1
    let start = offset
    let tail = DNSName.endOfChecked(in: message, from: start)
    offset = tail + 10 + Int(message.bigEndian16(at: tail + 8))
    return DNSRecord(message, start: start, tail: tail)
  }
}

extension DNSName {
  /// Behind a name that was checked: its pointers need not be followed.
  fileprivate static func endOfChecked(in message: RawSpan, from start: Int) -> Int {
    var offset = start
    while true {
      let length = Int(message.byte(at: offset))
      if length == 0 { return offset + 1 }
      if length >> 6 == 3 { return offset + 2 }
      offset += 1 + length
    }
  }
}
