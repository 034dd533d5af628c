/// Why a message was refused, and the status to answer with before the connection closes.
public struct Refusal: Error, Equatable, Sendable {
  /// What to answer. For a refused response it is always 502.
  public let status: Status
  /// What was wrong.
  public let reason: Reason

  /// A refusal of a request.
  public init(_ reason: Reason) {
    self.reason = reason
    status = reason.status
  }

  /// A refusal with a status of its own.
  public init(status: Status, reason: Reason) {
    self.status = status
    self.reason = reason
  }

  /// What can be wrong with the framing of a message. The two time-outs are the server's to notice.
  public enum Reason: UInt8, Equatable, Sendable, CaseIterable {
    /// The method is not a token followed by one space.
    case malformedMethod
    /// The method is longer than any that is known.
    case methodTooLong
    /// The method is not known here.
    case unknownMethod
    /// CONNECT is not served here.
    case connectUnsupported
    /// The request target holds a byte that cannot stand there, or has a wrong form.
    case malformedTarget
    /// The request target is too long.
    case targetTooLong
    /// The host or port in the request target is malformed.
    case malformedAuthority
    /// The request line does not end in an HTTP version and CRLF.
    case malformedVersion
    /// Only HTTP/1.1 and HTTP/1.0 are spoken here.
    case unsupportedVersion
    /// The status line is malformed.
    case malformedStatusLine
    /// The answer switches to a protocol that was not asked for.
    case unexpectedUpgrade
    /// A line does not end in CR followed by LF.
    case malformedLineEnd
    /// A field name is not a token followed directly by a colon.
    case malformedFieldName
    /// A field value holds a byte that cannot stand there.
    case malformedFieldValue
    /// A field line starts with white space; folded lines are not taken.
    case foldedLine
    /// There are too many header fields.
    case tooManyFields
    /// The header section is too large.
    case headerTooLarge
    /// The Host field is missing.
    case missingHost
    /// There is more than one Host field.
    case repeatedHost
    /// The Host field is not a host with an optional port.
    case malformedHost
    /// The Content-Length field is not one decimal number.
    case malformedContentLength
    /// There is more than one Content-Length field.
    case repeatedContentLength
    /// The content is too large.
    case contentTooLarge
    /// The Transfer-Encoding field is not a single "chunked".
    case malformedTransferEncoding
    /// The only transfer coding taken is "chunked".
    case unknownTransferCoding
    /// HTTP/1.0 has no Transfer-Encoding.
    case transferEncodingInHTTP10
    /// Content-Length and Transfer-Encoding exclude each other.
    case lengthAndTransferEncoding
    /// The only expectation met is "100-continue".
    case unknownExpectation
    /// A chunk size is not a hexadecimal number followed by CRLF.
    case malformedChunkSize
    /// Chunk extensions are not taken.
    case chunkExtension
    /// A chunk's content is not followed by CRLF.
    case malformedChunkEnd
    /// The trailer section is too large.
    case trailerTooLarge
    /// The header section took too long to arrive.
    case headTimedOut
    /// The content took too long to arrive.
    case bodyTimedOut

    /// One sentence for a problem document.
    public var description: StaticString {
      switch self {
      case .malformedMethod: "The method is not a token followed by one space."
      case .methodTooLong: "The method is longer than any that is known."
      case .unknownMethod: "The method is not known here."
      case .connectUnsupported: "CONNECT is not served here."
      case .malformedTarget: "The request target holds a byte that cannot stand there, or has a wrong form."
      case .targetTooLong: "The request target is too long."
      case .malformedAuthority: "The host or port in the request target is malformed."
      case .malformedVersion: "The request line does not end in an HTTP version and CRLF."
      case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
      case .malformedStatusLine: "The status line is malformed."
      case .unexpectedUpgrade: "The answer switches to a protocol that was not asked for."
      case .malformedLineEnd: "A line does not end in CR followed by LF."
      case .malformedFieldName: "A field name is not a token followed directly by a colon."
      case .malformedFieldValue: "A field value holds a byte that cannot stand there."
      case .foldedLine: "A field line starts with white space; folded lines are not taken."
      case .tooManyFields: "There are too many header fields."
      case .headerTooLarge: "The header section is too large."
      case .missingHost: "The Host field is missing."
      case .repeatedHost: "There is more than one Host field."
      case .malformedHost: "The Host field is not a host with an optional port."
      case .malformedContentLength: "The Content-Length field is not one decimal number."
      case .repeatedContentLength: "There is more than one Content-Length field."
      case .contentTooLarge: "The content is too large."
      case .malformedTransferEncoding: "The Transfer-Encoding field is not a single 'chunked'."
      case .unknownTransferCoding: "The only transfer coding taken is 'chunked'."
      case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding."
      case .lengthAndTransferEncoding: "Content-Length and Transfer-Encoding exclude each other."
      case .unknownExpectation: "The only expectation met is '100-continue'."
      case .malformedChunkSize: "A chunk size is not a hexadecimal number followed by CRLF."
      case .chunkExtension: "Chunk extensions are not taken."
      case .malformedChunkEnd: "A chunk's content is not followed by CRLF."
      case .trailerTooLarge: "The trailer section is too large."
      case .headTimedOut: "The header section took too long to arrive."
      case .bodyTimedOut: "The content took too long to arrive."
      }
    }

    /// The status that names the reason in an answer to a request.
    public var status: Status {
      switch self {
      case .methodTooLong, .unknownMethod, .connectUnsupported, .unknownTransferCoding: .notImplemented
      case .targetTooLong: .uriTooLong
      case .unsupportedVersion: .httpVersionNotSupported
      case .malformedStatusLine, .unexpectedUpgrade: .badGateway
      case .tooManyFields, .headerTooLarge, .trailerTooLarge: .requestHeaderFieldsTooLarge
      case .contentTooLarge: .contentTooLarge
      case .unknownExpectation: .expectationFailed
      case .headTimedOut, .bodyTimedOut: .requestTimeout
      default: .badRequest
      }
    }
  }
}
