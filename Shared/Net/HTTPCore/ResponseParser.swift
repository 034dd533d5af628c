import Bytes

// RFC 9112 §4 and §6.3 before changing this file.

/// Reads the heads of responses, as strictly as `RequestParser` reads requests.
///
/// Give it all unconsumed input each time; the input may grow and move between calls, but not shrink.
/// An interim (1xx) response is complete with no content: `reset` and read the next head. 101 is refused,
/// since nobody here asks for another protocol. Every refusal carries 502.
public struct ResponseParser: Sendable {
  /// What is known about the head so far.
  public typealias Progress = RequestParser.Progress

  private enum State: UInt8 {
    case version, code, reason, lineFeed, fields, complete, refused
  }

  private let limits: HTTPLimits
  private var state = State.version
  private var cursor = 0
  private var mark = 0
  private var code: UInt16 = 0
  private var refusal = Refusal(.malformedStatusLine)
  private var section = FieldSection(.response)
  private var requestMethod: Method

  /// The head; means something after `complete`, until `reset`.
  public private(set) var head = ResponseHead()

  /// A parser for the response to a request with `requestMethod`, on which the framing depends.
  public init(limits: HTTPLimits = .init(), requestMethod: Method = .get) {
    self.limits = limits
    self.requestMethod = requestMethod
  }

  /// Whether a byte of the head was seen.
  public var hasStarted: Bool { cursor > 0 || state == .refused }

  /// Gets ready for the next head of the connection; `requestMethod` stays when none is given.
  public mutating func reset(requestMethod: Method? = nil) {
    if let requestMethod { self.requestMethod = requestMethod }
    state = .version
    cursor = 0
    mark = 0
    code = 0
  }

  /// Reads on; see the type.
  public mutating func parse(_ input: RawSpan) -> Progress {
    precondition(input.byteCount >= cursor, "input shrank")
    if state.rawValue < State.fields.rawValue {
      if let reason = parseStatusLine(input) { return refuse(reason) }
    }
    if state == .fields {
      switch section.scan(
        input, cursor: &cursor, into: &head.fields, maximumByteCount: limits.maximumHeaderByteCount,
        maximumCount: limits.maximumFieldCount)
      {
      case .needMore: return .needMore
      case .refused(let reason): return refuse(reason)
      case .complete:
        if let reason = finish() { return refuse(reason) }
        state = .complete
      }
    }
    switch state {
    case .complete: return .complete(headByteCount: cursor)
    case .refused: return .refused(refusal)
    default: return .needMore
    }
  }

  private mutating func refuse(_ reason: Refusal.Reason) -> Progress {
    state = .refused
    refusal = Refusal(status: .badGateway, reason: reason)
    return .refused(refusal)
  }

  private mutating func parseStatusLine(_ input: RawSpan) -> Refusal.Reason? {
    let prefix: StaticString = "HTTP/1."
    while cursor < input.byteCount {
      let byte = input.byte(cursor)
      switch state {
      case .version:
        if cursor < 7 {
          guard byte == prefix.utf8Start[cursor] else {
            return cursor == 5 && ByteClass.contains(byte, ByteClass.digit)
              ? .unsupportedVersion : .malformedStatusLine
          }
        } else if cursor == 7 {
          guard byte == ASCII.zero || byte == ASCII.one else {
            return ByteClass.contains(byte, ByteClass.digit) ? .unsupportedVersion : .malformedStatusLine
          }
          head.version = byte == ASCII.zero ? .http10 : .http11
        } else {
          guard byte == ASCII.space else { return .malformedStatusLine }
          state = .code
          mark = cursor + 1
        }
      case .code:
        if cursor < mark + 3 {
          let isFirst = cursor == mark
          guard ByteClass.contains(byte, ByteClass.digit), !isFirst || byte >= ASCII.one else {
            return .malformedStatusLine
          }
          code = code * 10 + UInt16(byte - ASCII.zero)
        } else {
          guard byte == ASCII.space else { return .malformedStatusLine }
          state = .reason
          mark = cursor + 1
        }
      case .reason:
        if byte == ASCII.carriageReturn {
          state = .lineFeed
        } else {
          guard ByteClass.contains(byte, ByteClass.fieldValue), cursor < mark + limits.maximumReasonByteCount
          else { return .malformedStatusLine }
        }
      case .lineFeed:
        guard byte == ASCII.lineFeed else { return .malformedLineEnd }
        state = .fields
        cursor += 1
        section.begin(at: cursor)
        section.isHTTP10 = head.version == .http10
        return nil
      case .fields, .complete, .refused: return nil
      }
      cursor += 1
    }
    return nil
  }

  /// The order of RFC 9112 §6.3.
  private mutating func finish() -> Refusal.Reason? {
    if code == 101 { return .unexpectedUpgrade }
    head.status = Status(unchecked: code)
    head.knownFields = section.seen
    head.contentLength = section.has(.contentLength) ? section.contentLength : nil
    if requestMethod == .head || head.status.forbidsContent {
      head.framing = .none
    } else if section.has(.transferEncoding) {
      head.framing = .chunked
    } else if let length = head.contentLength {
      head.framing = .length(length)
    } else {
      head.framing = .untilClose
    }
    head.keepAlive =
      !section.closes && (head.version == .http11 || section.keepsAlive) && head.framing != .untilClose
    return nil
  }
}
