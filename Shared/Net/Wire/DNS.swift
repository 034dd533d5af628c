// RFC 1035 §4.1 and RFC 3596 before changing this file.

import Bytes

/// What a record holds.
public struct DNSType: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt16
  /// A type from its number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// An IPv4 address.
  public static let a = DNSType(rawValue: 1)
  /// The name that this one stands for.
  public static let cname = DNSType(rawValue: 5)
  /// The start of a zone; in a negative answer it says how long that holds (RFC 2308).
  public static let soa = DNSType(rawValue: 6)
  /// An IPv6 address (RFC 3596).
  public static let aaaa = DNSType(rawValue: 28)
}

/// What became of a query (RFC 1035 §4.1.1).
public struct DNSResponseCode: RawRepresentable, Hashable, Sendable {
  /// The number on the wire: 0...15.
  public let rawValue: UInt8
  /// A code from its number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// It was answered.
  public static let noError = DNSResponseCode(rawValue: 0)
  /// The server could not read it.
  public static let formatError = DNSResponseCode(rawValue: 1)
  /// The server could not answer.
  public static let serverFailure = DNSResponseCode(rawValue: 2)
  /// There is no such name.
  public static let nameError = DNSResponseCode(rawValue: 3)
  /// The server does not do this.
  public static let notImplemented = DNSResponseCode(rawValue: 4)
  /// The server does not want to.
  public static let refused = DNSResponseCode(rawValue: 5)
}

/// A validated DNS message: every question and record in it is whole, every name ends.
public struct DNSMessage: ~Escapable {
  /// Bytes before the first question.
  public static let headerByteCount = 12
  /// Bytes of a message over UDP, at most, without EDNS (RFC 1035 §2.3.4).
  public static let maximumUDPByteCount = 512
  /// Bytes of a question or record beside its name.
  private static let questionTailByteCount = 4
  private static let recordTailByteCount = 10

  private let bytes: RawSpan
  private let answerStart: Int

  /// Reads a datagram's payload. Refuses `truncated`, `badName` and `badLength` (of a record's data). What is
  /// behind the last record is not looked at. Cost: O(bytes), 255 of them at most per name.
  @_lifetime(copy bytes)
  public init(validating bytes: RawSpan) throws(WireError) {
    guard bytes.byteCount >= Self.headerByteCount else { throw .truncated }
    var offset = Self.headerByteCount
    for _ in 0..<bytes.bigEndian16(at: 4) {
      offset = try DNSName.end(in: bytes, from: offset) + Self.questionTailByteCount
      guard offset <= bytes.byteCount else { throw .truncated }
    }
    answerStart = offset
    // The three sections are one list of records.
    let count = Int(bytes.bigEndian16(at: 6)) + Int(bytes.bigEndian16(at: 8)) + Int(bytes.bigEndian16(at: 10))
    for _ in 0..<count {
      let tail = try DNSName.end(in: bytes, from: offset)
      guard tail + Self.recordTailByteCount <= bytes.byteCount else { throw .truncated }
      let data = tail + Self.recordTailByteCount
      offset = data + Int(bytes.bigEndian16(at: tail + 8))
      guard offset <= bytes.byteCount else { throw .truncated }
      guard bytes.bigEndian16(at: tail + 2) == 1 else { continue }
      switch DNSType(rawValue: bytes.bigEndian16(at: tail)) {
      case .a: guard offset - data == 4 else { throw .badLength }
      case .aaaa: guard offset - data == 16 else { throw .badLength }
      case .cname: guard try DNSName.end(in: bytes, from: data) == offset else { throw .badLength }
      default: break
      }
    }
    self.bytes = bytes
  }

  /// Which query it belongs to.
  public var id: UInt16 { bytes.bigEndian16(at: 0) }
  /// Whether it is an answer.
  public var isResponse: Bool { bytes.byte(at: 2) & 0x80 != 0 }
  /// What kind of query: 0 is the usual one.
  public var operation: UInt8 { bytes.byte(at: 2) >> 3 & 15 }
  /// Whether the server is the zone's own.
  public var isAuthoritative: Bool { bytes.byte(at: 2) & 4 != 0 }
  /// Whether not all of it fitted.
  public var isTruncated: Bool { bytes.byte(at: 2) & 2 != 0 }
  /// Whether the client wants the server to ask others.
  public var recursionDesired: Bool { bytes.byte(at: 2) & 1 != 0 }
  /// Whether the server asks others.
  public var recursionAvailable: Bool { bytes.byte(at: 3) & 0x80 != 0 }
  /// What became of the query.
  public var responseCode: DNSResponseCode { DNSResponseCode(rawValue: bytes.byte(at: 3) & 15) }
  /// How many questions there are: one, in practice.
  public var questionCount: Int { Int(bytes.bigEndian16(at: 4)) }
  /// How many answers there are.
  public var answerCount: Int { Int(bytes.bigEndian16(at: 6)) }
  /// How many records name the authority.
  public var authorityCount: Int { Int(bytes.bigEndian16(at: 8)) }
  /// How many records are added.
  public var additionalCount: Int { Int(bytes.bigEndian16(at: 10)) }

  /// The questions, one after the other.
  public var questions: DNSQuestions {
    @_lifetime(copy self) get { DNSQuestions(bytes, count: questionCount) }
  }
  /// All records, one after the other: first the answers, then authority, then additional.
  public var records: DNSRecords {
    @_lifetime(copy self) get {
      DNSRecords(bytes, from: answerStart, count: answerCount + authorityCount + additionalCount)
    }
  }
  /// The answers, one after the other.
  public var answers: DNSRecords {
    @_lifetime(copy self) get { DNSRecords(bytes, from: answerStart, count: answerCount) }
  }
}
