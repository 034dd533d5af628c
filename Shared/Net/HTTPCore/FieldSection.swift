import Bytes

// RFC 9112 §5 and §6, RFC 9110 §5 before changing this file.

/// Reads field lines up to and including the empty line, byte by byte: the part that requests, responses and
/// trailers share. It also reads the fields on which framing depends.
struct FieldSection {
  /// What the lines belong to.
  enum Role { case request, response, trailer }

  enum Outcome: Equatable { case needMore, complete, refused(Refusal.Reason) }

  private enum State: UInt8 {
    case lineStart, name, leadingSpace, value, host, hostTail, length, lengthTail, coding, lineEnd, sectionEnd
  }

  private let role: Role
  private var state = State.lineStart
  private var start = 0
  private var nameStart = 0
  private var nameEnd = 0
  private var valueStart = 0
  private var known: KnownField?
  private var authority = Authority()
  private var lineCount = 0

  /// The known fields seen so far, one bit each.
  private(set) var seen: UInt64 = 0
  /// The number in Content-Length; means something only when that field was seen.
  private(set) var contentLength: UInt64 = 0
  /// Where the Host field's value stands.
  private(set) var host = 0..<0
  /// Bytes of the values of Connection.
  private var connectionByteCount = 0
  /// Connection names `close`.
  private(set) var closes = false
  /// Connection names `keep-alive`.
  private(set) var keepsAlive = false
  /// Expect names `100-continue`.
  private(set) var expectsContinue = false
  /// Expect names something else.
  private(set) var expectsUnknown = false

  /// HTTP/1.0 has no Transfer-Encoding, and needs no Host.
  var isHTTP10 = false
  /// Whether Host may be empty: the target names the host itself, or is `*`, or the version is 1.0.
  var mayHostBeEmpty = false

  init(_ role: Role) { self.role = role }

  @inline(__always)
  func has(_ field: KnownField) -> Bool { seen & field.bit != 0 }

  /// Starts over, with the first line at `start`.
  mutating func begin(at start: Int) {
    self = FieldSection(role)
    self.start = start
  }

  /// Reads on from `cursor`. `maximumByteCount` and `maximumCount` are the caller's limits for its kind of
  /// section. `fields` may hold the lines of an earlier message; it is right after `complete`.
  mutating func scan(
    _ input: RawSpan, cursor: inout Int, into fields: inout [FieldRange], maximumByteCount: Int,
    maximumCount: Int
  ) -> Outcome {
    let limit = start + maximumByteCount
    let end = min(input.byteCount, limit)
    var index = cursor
    defer { cursor = index }
    while index < input.byteCount {
      let byte = input.byte(index)
      if index >= limit && !(state == .lineStart && byte == ASCII.carriageReturn) && state != .sectionEnd {
        return .refused(.headerTooLarge)
      }
      switch state {
      case .lineStart:
        if ByteClass.contains(byte, ByteClass.token) {
          guard lineCount < maximumCount else { return .refused(.tooManyFields) }
          nameStart = index
          state = .name
        } else if byte == ASCII.carriageReturn {
          state = .sectionEnd
          index += 1
        } else {
          return .refused(refusalAtLineStart(byte))
        }
      case .name:
        index = input.run(of: ByteClass.token, from: index, to: end)
        guard index < end else { continue }
        guard input.byte(index) == ASCII.colon else { return .refused(.malformedFieldName) }
        nameEnd = index
        if let reason = nameEnded(input) { return .refused(reason) }
        state = .leadingSpace
        index += 1
      case .leadingSpace:
        if byte == ASCII.space || byte == ASCII.tab {
          index += 1
        } else {
          valueStart = index
          state = valueState()
        }
      case .value:
        index = input.runOfFieldValue(from: index, to: end)
        guard index < end else { continue }
        guard input.byte(index) == ASCII.carriageReturn else {
          return .refused(input.byte(index) == ASCII.lineFeed ? .malformedLineEnd : .malformedFieldValue)
        }
        if let reason = valueEnded(input, at: index, into: &fields) { return .refused(reason) }
        index += 1
      case .host:
        index = authority.scan(input, from: index, to: end)
        guard index < end else { continue }
        guard authority.isComplete || (authority.isEmpty && mayHostBeEmpty) else {
          return .refused(.malformedHost)
        }
        host = valueStart..<index
        state = .hostTail
      case .length:
        while index < end, ByteClass.contains(input.byte(index), ByteClass.digit) {
          let (tens, overflows) = contentLength.multipliedReportingOverflow(by: 10)
          let (sum, carries) = tens.addingReportingOverflow(UInt64(input.byte(index) - ASCII.zero))
          guard !overflows, !carries, sum <= UInt64(Int64.max) else { return .refused(.contentTooLarge) }
          contentLength = sum
          index += 1
        }
        guard index < end else { continue }
        guard index > valueStart else { return .refused(.malformedContentLength) }
        state = .lengthTail
      case .hostTail, .lengthTail:
        if byte == ASCII.carriageReturn {
          if let reason = valueEnded(input, at: index, into: &fields) { return .refused(reason) }
        } else if byte != ASCII.space && byte != ASCII.tab {
          return .refused(state == .hostTail ? .malformedHost : .malformedContentLength)
        }
        index += 1
      case .coding:
        if byte == ASCII.carriageReturn {
          if let reason = valueEnded(input, at: index, into: &fields) { return .refused(reason) }
        } else if !ByteClass.contains(byte, ByteClass.token) && byte != ASCII.comma && byte != ASCII.space
          && byte != ASCII.tab
        {
          return .refused(.malformedTransferEncoding)
        }
        index += 1
      case .lineEnd:
        guard byte == ASCII.lineFeed else { return .refused(.malformedLineEnd) }
        state = .lineStart
        index += 1
      case .sectionEnd:
        guard byte == ASCII.lineFeed else { return .refused(.malformedLineEnd) }
        index += 1
        if role != .trailer && fields.count > lineCount { fields.removeLast(fields.count - lineCount) }
        return .complete
      }
    }
    return .needMore
  }

  private func refusalAtLineStart(_ byte: UInt8) -> Refusal.Reason {
    switch byte {
    case ASCII.space, ASCII.tab: .foldedLine
    case ASCII.lineFeed: .malformedLineEnd
    default: .malformedFieldName
    }
  }

  /// The colon arrived: everything that can be wrong with the name alone.
  @inline(__always)
  private mutating func nameEnded(_ input: RawSpan) -> Refusal.Reason? {
    known = KnownField(input, nameStart..<nameEnd)
    guard let known, role != .trailer else { return nil }
    switch known {
    case .host:
      guard role == .request else { break }
      if has(.host) { return .repeatedHost }
    case .contentLength:
      if has(.contentLength) { return .repeatedContentLength }
      if has(.transferEncoding) { return .lengthAndTransferEncoding }
    case .transferEncoding:
      if isHTTP10 { return .transferEncodingInHTTP10 }
      if has(.contentLength) { return .lengthAndTransferEncoding }
      if has(.transferEncoding) { return .malformedTransferEncoding }
    default: break
    }
    seen |= known.bit
    return nil
  }

  private func valueState() -> State {
    guard let known, role != .trailer else { return .value }
    switch known {
    case .host: return role == .request ? .host : .value
    case .contentLength: return .length
    case .transferEncoding: return .coding
    default: return .value
    }
  }

  /// The CR after a value arrived: everything that can be wrong with the value as a whole.
  private mutating func valueEnded(
    _ input: RawSpan, at end: Int, into fields: inout [FieldRange]
  ) -> Refusal.Reason? {
    state = .lineEnd
    defer { lineCount += 1 }
    guard role != .trailer else { return nil }
    var valueEnd = end
    while valueEnd > valueStart,
      input.byte(valueEnd &- 1) == ASCII.space || input.byte(valueEnd &- 1) == ASCII.tab
    {
      valueEnd &-= 1
    }
    let line = FieldRange(
      nameStart: nameStart, nameEnd: nameEnd, valueStart: valueStart, valueEnd: valueEnd, known: known)
    // The lines of the message before are overwritten, so that a connection's next request costs no clearing.
    if lineCount < fields.count { fields[lineCount] = line } else { fields.append(line) }
    switch known {
    case .transferEncoding: return transferCodingRefusal(input, valueStart..<valueEnd)
    case .connection:
      connectionByteCount += valueEnd - valueStart
      guard connectionByteCount <= HTTPLimits.maximumConnectionByteCount else { return .headerTooLarge }
      var rest = valueStart..<valueEnd
      while let element = FieldList.next(in: input, of: &rest) {
        if input.reads(element, lowercase: "close") { closes = true }
        if input.reads(element, lowercase: "keep-alive") { keepsAlive = true }
      }
    case .expect where role == .request:
      var rest = valueStart..<valueEnd
      while let element = FieldList.next(in: input, of: &rest) {
        let isContinue = input.reads(element, lowercase: "100-continue")
        if isContinue { expectsContinue = true } else { expectsUnknown = true }
      }
    default: break
    }
    return nil
  }

  /// One `chunked` and nothing else. A coding before it is one we do not have (501); anything that does not
  /// end in `chunked` leaves the end of the content open (400, RFC 9112 §6.3).
  private func transferCodingRefusal(_ input: RawSpan, _ value: Range<Int>) -> Refusal.Reason? {
    if input.reads(value, lowercase: "chunked") { return nil }
    var (elements, chunked) = (0, 0)
    var (endsInChunked, isMalformed) = (false, false)
    var index = value.lowerBound
    while true {
      var end = index
      while end < value.upperBound, input.byte(end) != ASCII.comma { end += 1 }
      let element = input.trimmed(index..<end)
      if element.isEmpty
        || input.run(of: ByteClass.token, from: element.lowerBound, to: element.upperBound)
          != element.upperBound
      {
        isMalformed = true
      }
      endsInChunked = input.reads(element, lowercase: "chunked")
      if endsInChunked { chunked += 1 }
      elements += 1
      guard end < value.upperBound else { break }
      index = end + 1
    }
    return !isMalformed && endsInChunked && chunked == 1 && elements > 1
      ? .unknownTransferCoding : .malformedTransferEncoding
  }
}
