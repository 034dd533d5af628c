import Bytes

// RFC 9112 §2, §3 and §9.3 before changing this file.

/// Reads the heads of requests: a state machine over bytes that looks at every byte once and refuses one that
/// cannot stand where it is at the moment it arrives.
///
/// Give it all unconsumed input each time. The input may grow and move between calls, but not shrink. One
/// empty line (CRLF) before a request line is skipped, as RFC 9112 §2.2 asks; a second one is refused.
/// Requests are complete or refused; after either, `parse` repeats its answer until `reset`. What is wrong
/// with a byte is refused first; a missing Host, an unknown method (501) and an unknown expectation (417) are
/// refused at the end of the head, in that order.
/// Cost: about ten instructions per byte, and no allocation once `head.fields` has grown to its use.
public struct RequestParser: Sendable {
  /// What is known about the head so far.
  public enum Progress: Equatable, Sendable {
    /// Well-formed so far: call again with more input.
    case needMore
    /// The head is whole; content, if any, starts behind so many bytes of input.
    case complete(headByteCount: Int)
    /// Not a request that is taken: answer, then close the connection.
    case refused(Refusal)
  }

  private enum State: UInt8 {
    case start, emptyLine, started, method, target
    case scheme, authority, path, pathPercent, pathPercentDigit, query, queryPercent, queryPercentDigit
    case asterisk, connect, version, lineEnd, lineFeed, fields, complete, refused
  }

  private let limits: HTTPLimits
  private var state = State.start
  private var cursor = 0
  private var mark = 0
  private var refusal = Refusal(.malformedMethod)
  private var authority = Authority()
  private var section = FieldSection(.request)

  /// The head; means something after `complete`, until `reset`. Keep no copy across `reset`, or the next
  /// request has to allocate its own list of fields.
  public private(set) var head = RequestHead()

  /// A parser at the start of a connection.
  public init(limits: HTTPLimits = .init()) { self.limits = limits }

  /// Whether a byte of the head was seen; an empty line before it is none.
  public var hasStarted: Bool { state.rawValue > State.started.rawValue }

  /// Gets ready for the next request of the connection, whose first byte is at the start of the next input.
  public mutating func reset() {
    state = .start
    cursor = 0
  }

  /// Reads on; see the type.
  public mutating func parse(_ input: RawSpan) -> Progress {
    precondition(input.byteCount >= cursor, "input shrank")
    if state.rawValue < State.fields.rawValue {
      if let reason = parseRequestLine(input) { return refuse(reason) }
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

  @inline(never)
  private mutating func refuse(_ reason: Refusal.Reason) -> Progress {
    state = .refused
    refusal = Refusal(reason)
    return .refused(refusal)
  }

  /// Reads up to the LF of the request line.
  private mutating func parseRequestLine(_ input: RawSpan) -> Refusal.Reason? {
    var index = cursor
    defer { cursor = index }
    while index < input.byteCount {
      let byte = input.byte(index)
      switch state {
      case .start where byte == ASCII.carriageReturn:
        state = .emptyLine
        index += 1
      case .emptyLine:
        guard byte == ASCII.lineFeed else { return .malformedLineEnd }
        state = .started
        index += 1
      case .start, .started:
        guard ByteClass.contains(byte, ByteClass.token) else {
          return byte == ASCII.lineFeed ? .malformedLineEnd : .malformedMethod
        }
        mark = index
        state = .method
      case .method:
        let limit = mark + limits.maximumMethodByteCount
        index = input.run(of: ByteClass.token, from: index, to: min(input.byteCount, limit))
        guard index < input.byteCount else { return nil }
        guard input.byte(index) == ASCII.space else {
          return ByteClass.contains(input.byte(index), ByteClass.token) ? .methodTooLong : .malformedMethod
        }
        head.methodName = mark..<index
        head.method = Method(input, mark..<index)
        index += 1
        mark = index
        state = .target
      case .target:
        if let reason = startTarget(byte) { return reason }
      case .scheme, .authority, .path, .pathPercent, .pathPercentDigit, .query, .queryPercent,
        .queryPercentDigit, .asterisk, .connect:
        let limit = mark + limits.maximumTargetByteCount
        if index >= limit && byte != ASCII.space { return .targetTooLong }
        // The space that ends a target of the greatest length stands at the limit.
        if let reason = parseTarget(input, &index, to: min(input.byteCount, max(limit, index + 1))) {
          return reason
        }
      case .version:
        if let reason = parseVersion(input, &index) { return reason }
      case .lineEnd:
        guard byte == ASCII.carriageReturn else {
          return byte == ASCII.lineFeed ? .malformedLineEnd : .malformedVersion
        }
        state = .lineFeed
        index += 1
      case .lineFeed:
        guard byte == ASCII.lineFeed else { return .malformedLineEnd }
        index += 1
        state = .fields
        section.begin(at: index)
        section.isHTTP10 = head.version == .http10
        section.mayHostBeEmpty = section.isHTTP10 || head.isAbsoluteForm || head.isAsterisk
        return nil
      case .fields, .complete, .refused: return nil
      }
    }
    return nil
  }

  /// The first byte of the target tells its form (RFC 9112 §3.2).
  @inline(__always)
  private mutating func startTarget(_ byte: UInt8) -> Refusal.Reason? {
    head.isAbsoluteForm = false
    head.isAsterisk = false
    head.query = nil
    head.path = mark..<mark
    head.host = mark..<mark
    authority = Authority()
    if limits.maximumTargetByteCount == 0 { return .targetTooLong }
    if head.method == .connect {
      state = .connect
    } else if byte == ASCII.slash {
      state = .path
    } else if byte == ASCII.asterisk && head.method == .options {
      head.isAsterisk = true
      state = .asterisk
    } else if ASCII.lowercased(byte) == UInt8(ascii: "h") {
      head.isAbsoluteForm = true
      state = .scheme
    } else {
      return .malformedTarget
    }
    return nil
  }

  /// Reads one run of the target, up to `end`.
  @inline(__always)
  private mutating func parseTarget(_ input: RawSpan, _ index: inout Int, to end: Int) -> Refusal.Reason? {
    let byte = input.byte(index)
    switch state {
    case .path, .query:
      let mask = state == .path ? ByteClass.path : ByteClass.query
      index = input.run(of: mask, from: index, to: end)
      guard index < end else { return nil }
      let stop = input.byte(index)
      if stop == ASCII.space {
        endTarget(at: index)
      } else if stop == ASCII.percent {
        state = state == .path ? .pathPercent : .queryPercent
      } else if stop == ASCII.question {
        endPath(at: index)
      } else {
        return .malformedTarget
      }
      index += 1
    case .pathPercent, .pathPercentDigit, .queryPercent, .queryPercentDigit:
      guard ByteClass.contains(byte, ByteClass.hexadecimal) else { return .malformedTarget }
      switch state {
      case .pathPercent: state = .pathPercentDigit
      case .pathPercentDigit: state = .path
      case .queryPercent: state = .queryPercentDigit
      default: state = .query
      }
      index += 1
    case .scheme:
      return parseScheme(byte, &index)
    case .authority, .connect:
      index = authority.scan(input, from: index, to: end)
      guard index < end else { return nil }
      let stop = input.byte(index)
      guard authority.isComplete, state == .authority || authority.hasPort else {
        return .malformedAuthority
      }
      if state == .authority {
        head.host = head.host.lowerBound..<index
        head.path = index..<index
        if stop == ASCII.slash {
          state = .path
          return nil
        }
        if stop == ASCII.question {
          endPath(at: index)
          index += 1
          return nil
        }
      } else {
        head.host = mark..<index
      }
      guard stop == ASCII.space else { return .malformedAuthority }
      endTarget(at: index)
      index += 1
    case .asterisk:
      if index > mark {
        guard byte == ASCII.space else { return .malformedTarget }
        endTarget(at: index)
      }
      index += 1
    default: break
    }
    return nil
  }

  /// `http://` or `https://`, in any case.
  private mutating func parseScheme(_ byte: UInt8, _ index: inout Int) -> Refusal.Reason? {
    let position = index - mark
    let http: StaticString = "http"
    if position < 4 {
      guard ASCII.lowercased(byte) == http.utf8Start[position] else { return .malformedTarget }
    } else if position == 4 && ASCII.lowercased(byte) == UInt8(ascii: "s") {
      head.host = mark + 8..<mark + 8
    } else {
      if position == 4 { head.host = mark + 7..<mark + 7 }
      // The host's start tells where the three bytes `://` have to stand.
      let expected = index == head.host.lowerBound - 3 ? ASCII.colon : ASCII.slash
      guard byte == expected else { return .malformedTarget }
    }
    index += 1
    if position > 4 && index == head.host.lowerBound { state = .authority }
    return nil
  }

  private mutating func endPath(at index: Int) {
    head.path = head.path.lowerBound..<index
    head.query = index + 1..<index + 1
    state = .query
  }

  private mutating func endTarget(at index: Int) {
    switch state {
    case .path: head.path = head.path.lowerBound..<index
    case .query: head.query = (head.query?.lowerBound ?? index)..<index
    default: break
    }
    head.target = mark..<index
    if head.method == .options && head.isAbsoluteForm && head.path.isEmpty && head.query == nil {
      head.isAsterisk = true
    }
    mark = index + 1
    state = .version
  }

  /// `HTTP/1.` and one digit. Another well-formed version is 505 as soon as it can be told.
  @inline(__always)
  private mutating func parseVersion(_ input: RawSpan, _ index: inout Int) -> Refusal.Reason? {
    let prefix: StaticString = "HTTP/1."
    let byte = input.byte(index)
    let position = index - mark
    // "HTTP/1.1" and CRLF, whole: what nearly every request has.
    if position == 0 && input.byteCount - index >= 9
      // In bounds: nine bytes are left.
      && UInt64(
        littleEndian: input.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
        == 0x312e_312f_5054_5448
      && input.byte(index + 8) == ASCII.carriageReturn
    {
      head.version = .http11
      state = .lineFeed
      index += 9
      return nil
    }
    if position < 7 {
      guard byte == prefix.utf8Start[position] else {
        return position == 5 && ByteClass.contains(byte, ByteClass.digit)
          ? .unsupportedVersion : .malformedVersion
      }
    } else {
      switch byte {
      case ASCII.zero: head.version = .http10
      case ASCII.one: head.version = .http11
      default:
        return ByteClass.contains(byte, ByteClass.digit) ? .unsupportedVersion : .malformedVersion
      }
      state = .lineEnd
    }
    index += 1
    return nil
  }

  /// The head is whole: what only all of it can tell.
  @inline(__always)
  private mutating func finish() -> Refusal.Reason? {
    let isHTTP11 = head.version == .http11
    head.knownFields = section.seen
    if isHTTP11 && !section.has(.host) { return .missingHost }
    if head.method == .connect { return .connectUnsupported }
    if head.method == .other { return .unknownMethod }
    if section.expectsUnknown { return .unknownExpectation }
    if !head.isAbsoluteForm { head.host = section.host }
    if section.has(.transferEncoding) {
      head.framing = .chunked
    } else if section.has(.contentLength) {
      head.framing = .length(section.contentLength)
    } else {
      head.framing = .none
    }
    head.keepAlive = !section.closes && (isHTTP11 || section.keepsAlive)
    // RFC 9110 §10.1.1: a server ignores the expectation of an HTTP/1.0 client, and that of no content.
    head.expectsContinue = isHTTP11 && section.expectsContinue && head.framing.mayHaveContent
    return nil
  }
}
