import Bytes

/// A request method (RFC 9110 §9). Methods are case-sensitive: `get` is `other`.
public enum Method: UInt8, Equatable, Sendable {
  /// Transfer a representation.
  case get
  /// Like GET, without the content.
  case head
  /// Process the content.
  case post
  /// Replace the resource.
  case put
  /// Remove the resource.
  case delete
  /// Change part of the resource (RFC 5789).
  case patch
  /// Ask what is possible.
  case options
  /// Open a tunnel. Not served: 501.
  case connect
  /// Echo the request. Served by no route: 405.
  case trace
  /// A well-formed token that is none of these: 501.
  case other

  /// The method's token; `other` has none of its own and is empty.
  public var name: StaticString {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: ""
    }
  }

  /// Whether asking twice is the same as asking once (RFC 9110 §9.2.2).
  public var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: true
    case .post, .patch, .connect, .other: false
    }
  }

  /// Whether nothing changes by asking (RFC 9110 §9.2.1).
  public var isSafe: Bool {
    switch self {
    case .get, .head, .options, .trace: true
    default: false
    }
  }

  /// The method whose token stands at `range`.
  init(_ input: RawSpan, _ range: Range<Int>) {
    self = .other
    guard range.count <= 7 else { return }
    var word: UInt64 = 0
    for index in range { word = word << 8 | UInt64(input.byte(index)) }
    switch word {
    case 0x47_4554: self = .get
    case 0x4845_4144: self = .head
    case 0x504f_5354: self = .post
    case 0x50_5554: self = .put
    case 0x4445_4c45_5445: self = .delete
    case 0x50_4154_4348: self = .patch
    case 0x4f_5054_494f_4e53: self = .options
    case 0x43_4f4e_4e45_4354: self = .connect
    case 0x54_5241_4345: self = .trace
    default: break
    }
  }
}
