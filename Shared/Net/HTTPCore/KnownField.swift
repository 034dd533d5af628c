import Bytes

/// Field names that somebody in the shop reads, found while the header section is parsed, so that asking for
/// one compares no strings.
public enum KnownField: UInt8, Equatable, Sendable, CaseIterable {
  /// `host`.
  case host
  /// `content-length`.
  case contentLength
  /// `content-type`.
  case contentType
  /// `transfer-encoding`.
  case transferEncoding
  /// `connection`.
  case connection
  /// `expect`.
  case expect
  /// `authorization`.
  case authorization
  /// `if-match`.
  case ifMatch
  /// `if-none-match`.
  case ifNoneMatch
  /// `if-modified-since`.
  case ifModifiedSince
  /// `if-range`.
  case ifRange
  /// `idempotency-key`.
  case idempotencyKey
  /// `x-request-id`.
  case xRequestID
  /// `traceparent`.
  case traceparent
  /// `tracestate`.
  case tracestate
  /// `range`.
  case range
  /// `accept`.
  case accept
  /// `accept-encoding`.
  case acceptEncoding
  /// `cookie`.
  case cookie
  /// `te`.
  case te
  /// `trailer`.
  case trailer
  /// `upgrade`.
  case upgrade
  /// `keep-alive`.
  case keepAlive
  /// `user-agent`.
  case userAgent
  /// `origin`.
  case origin
  /// `referer`.
  case referer
  /// `forwarded`.
  case forwarded
  /// `x-forwarded-for`.
  case xForwardedFor
  /// `x-forwarded-proto`.
  case xForwardedProto
  /// `x-forwarded-host`.
  case xForwardedHost
  /// `date`.
  case date
  /// `etag`.
  case etag
  /// `location`.
  case location
  /// `last-modified`.
  case lastModified
  /// `cache-control`.
  case cacheControl
  /// `content-encoding`.
  case contentEncoding
  /// `content-range`.
  case contentRange
  /// `retry-after`.
  case retryAfter
  /// `server`.
  case server
  /// `set-cookie`.
  case setCookie
  /// `vary`.
  case vary
  /// `allow`.
  case allow
  /// `link`.
  case link

  /// The name in lower case.
  public var name: StaticString {
    switch self {
    case .host: "host"
    case .contentLength: "content-length"
    case .contentType: "content-type"
    case .transferEncoding: "transfer-encoding"
    case .connection: "connection"
    case .expect: "expect"
    case .authorization: "authorization"
    case .ifMatch: "if-match"
    case .ifNoneMatch: "if-none-match"
    case .ifModifiedSince: "if-modified-since"
    case .ifRange: "if-range"
    case .idempotencyKey: "idempotency-key"
    case .xRequestID: "x-request-id"
    case .traceparent: "traceparent"
    case .tracestate: "tracestate"
    case .range: "range"
    case .accept: "accept"
    case .acceptEncoding: "accept-encoding"
    case .cookie: "cookie"
    case .te: "te"
    case .trailer: "trailer"
    case .upgrade: "upgrade"
    case .keepAlive: "keep-alive"
    case .userAgent: "user-agent"
    case .origin: "origin"
    case .referer: "referer"
    case .forwarded: "forwarded"
    case .xForwardedFor: "x-forwarded-for"
    case .xForwardedProto: "x-forwarded-proto"
    case .xForwardedHost: "x-forwarded-host"
    case .date: "date"
    case .etag: "etag"
    case .location: "location"
    case .lastModified: "last-modified"
    case .cacheControl: "cache-control"
    case .contentEncoding: "content-encoding"
    case .contentRange: "content-range"
    case .retryAfter: "retry-after"
    case .server: "server"
    case .setCookie: "set-cookie"
    case .vary: "vary"
    case .allow: "allow"
    case .link: "link"
    }
  }

  /// This field's bit in a set of known fields.
  @inline(__always)
  var bit: UInt64 { 1 << UInt64(rawValue) }

  /// The field with this name in any case, nil for one that nobody here reads.
  public init?(_ name: String) {
    guard let known = name.withBytes({ KnownField($0, 0..<$0.byteCount) }) else { return nil }
    self = known
  }

  /// The field whose name stands at `range`, in any case. Cost: few names share a length and a first letter.
  init?(_ input: RawSpan, _ range: Range<Int>) {
    guard let first = range.first else { return nil }
    @inline(__always)
    func matches(_ field: KnownField) -> Bool { input.matches(range, lowercase: field.name) }
    let candidates: (KnownField, KnownField?)
    switch (range.count, input.byte(first) | 0x20) {
    case (2, 0x74):  // t
      candidates = (.te, nil)
    case (4, 0x64):  // d
      candidates = (.date, nil)
    case (4, 0x65):  // e
      candidates = (.etag, nil)
    case (4, 0x68):  // h
      candidates = (.host, nil)
    case (4, 0x6c):  // l
      candidates = (.link, nil)
    case (4, 0x76):  // v
      candidates = (.vary, nil)
    case (5, 0x61):  // a
      candidates = (.allow, nil)
    case (5, 0x72):  // r
      candidates = (.range, nil)
    case (6, 0x61):  // a
      candidates = (.accept, nil)
    case (6, 0x63):  // c
      candidates = (.cookie, nil)
    case (6, 0x65):  // e
      candidates = (.expect, nil)
    case (6, 0x6f):  // o
      candidates = (.origin, nil)
    case (6, 0x73):  // s
      candidates = (.server, nil)
    case (7, 0x72):  // r
      candidates = (.referer, nil)
    case (7, 0x74):  // t
      candidates = (.trailer, nil)
    case (7, 0x75):  // u
      candidates = (.upgrade, nil)
    case (8, 0x69):  // i
      candidates = (.ifMatch, .ifRange)
    case (8, 0x6c):  // l
      candidates = (.location, nil)
    case (9, 0x66):  // f
      candidates = (.forwarded, nil)
    case (10, 0x63):  // c
      candidates = (.connection, nil)
    case (10, 0x6b):  // k
      candidates = (.keepAlive, nil)
    case (10, 0x73):  // s
      candidates = (.setCookie, nil)
    case (10, 0x74):  // t
      candidates = (.tracestate, nil)
    case (10, 0x75):  // u
      candidates = (.userAgent, nil)
    case (11, 0x72):  // r
      candidates = (.retryAfter, nil)
    case (11, 0x74):  // t
      candidates = (.traceparent, nil)
    case (12, 0x63):  // c
      candidates = (.contentType, nil)
    case (12, 0x78):  // x
      candidates = (.xRequestID, nil)
    case (13, 0x61):  // a
      candidates = (.authorization, nil)
    case (13, 0x63):  // c
      candidates = (.cacheControl, .contentRange)
    case (13, 0x69):  // i
      candidates = (.ifNoneMatch, nil)
    case (13, 0x6c):  // l
      candidates = (.lastModified, nil)
    case (14, 0x63):  // c
      candidates = (.contentLength, nil)
    case (15, 0x61):  // a
      candidates = (.acceptEncoding, nil)
    case (15, 0x69):  // i
      candidates = (.idempotencyKey, nil)
    case (15, 0x78):  // x
      candidates = (.xForwardedFor, nil)
    case (16, 0x63):  // c
      candidates = (.contentEncoding, nil)
    case (16, 0x78):  // x
      candidates = (.xForwardedHost, nil)
    case (17, 0x69):  // i
      candidates = (.ifModifiedSince, nil)
    case (17, 0x74):  // t
      candidates = (.transferEncoding, nil)
    case (17, 0x78):  // x
      candidates = (.xForwardedProto, nil)
    default: return nil
    }
    if matches(candidates.0) {
      self = candidates.0
    } else if let second = candidates.1, matches(second) {
      self = second
    } else {
      return nil
    }
  }
}
