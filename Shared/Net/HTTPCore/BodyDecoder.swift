import Bytes

// RFC 9112 §6 and §7.1 before changing this file.

/// Finds the content in what follows a head, whatever its framing, without copying.
///
/// Give it all unconsumed input each time. `needMore` consumes nothing: call again when input has grown (it
/// looks at each byte of framing once). After `payload(range)` consume up to `range.upperBound`; the bytes
/// before `range.lowerBound` were framing. `finished(consumed)` ends the content: what is behind belongs to
/// the next message. Chunk extensions are refused, trailers are validated and dropped.
/// Cost: O(1) per call plus the bytes of framing; no allocation.
public struct BodyDecoder: Sendable {
  /// What the input holds next.
  public enum Step: Equatable, Sendable {
    /// Nothing whole: call again with more input.
    case needMore
    /// Content (at least one byte); consume up to its end.
    case payload(Range<Int>)
    /// The content is whole; consume so many bytes.
    case finished(consumed: Int)
    /// Not content that is taken: answer, then close the connection.
    case refused(Refusal)
  }

  private enum State: UInt8 {
    case none, length, untilClose, finished, refused
    case sizeStart, size, sizeLineFeed, data, dataReturn, dataLineFeed, trailers
  }

  private let limits: HTTPLimits
  private var state: State
  private var cursor = 0
  /// Bytes left in the content or in the current chunk.
  private var left: UInt64 = 0
  private var total: UInt64 = 0
  private var digitCount = 0
  private var refusal = Refusal(.malformedChunkSize)
  private var trailers = FieldSection(.trailer)

  /// A decoder for content with this framing. A length above the limit is refused at the first step.
  public init(_ framing: Framing, limits: HTTPLimits = .init()) {
    self.limits = limits
    switch framing {
    case .none: state = .none
    case .chunked: state = .sizeStart
    case .untilClose: state = .untilClose
    case .length(let length):
      state = .length
      left = length
      if length > limits.maximumBodyByteCount {
        state = .refused
        refusal = Refusal(.contentTooLarge)
      }
    }
  }

  /// Whether the whole content has been passed on.
  public var isFinished: Bool { state == .finished || state == .none || (state == .length && left == 0) }

  /// Whether the content is whole if the peer closes now.
  public var mayEndHere: Bool { isFinished || state == .untilClose }

  /// Reads on; see the type.
  public mutating func step(_ input: RawSpan) -> Step {
    switch state {
    case .none, .finished: return .finished(consumed: 0)
    case .refused: return .refused(refusal)
    case .length:
      guard left > 0 else { return .finished(consumed: 0) }
      return takePayload(input)
    case .untilClose:
      guard input.byteCount > 0 else { return .needMore }
      total += UInt64(input.byteCount)
      guard total <= limits.maximumBodyByteCount else { return refuse(.contentTooLarge) }
      return .payload(0..<input.byteCount)
    default: return stepChunked(input)
    }
  }

  private mutating func takePayload(_ input: RawSpan) -> Step {
    let start = cursor
    guard input.byteCount > start else { return .needMore }
    let count = Int(min(left, UInt64(input.byteCount - start)))
    left -= UInt64(count)
    cursor = 0
    return .payload(start..<start + count)
  }

  private mutating func refuse(_ reason: Refusal.Reason) -> Step {
    state = .refused
    refusal = Refusal(reason)
    return .refused(refusal)
  }

  private mutating func stepChunked(_ input: RawSpan) -> Step {
    precondition(input.byteCount >= cursor, "input shrank")
    while cursor < input.byteCount {
      let byte = input.byte(cursor)
      switch state {
      case .sizeStart, .size:
        if let digit = ASCII.hexadecimalValue(byte) {
          if state == .sizeStart { (left, digitCount) = (0, 0) }
          guard digitCount < limits.maximumChunkSizeDigitCount else { return refuse(.malformedChunkSize) }
          guard left <= UInt64(Int64.max) >> 4 else { return refuse(.contentTooLarge) }
          left = left << 4 | UInt64(digit)
          digitCount += 1
          state = .size
          // More than the limit is refused as soon as a digit says so.
          guard left <= limits.maximumBodyByteCount - total else { return refuse(.contentTooLarge) }
        } else if state == .size && byte == ASCII.carriageReturn {
          state = .sizeLineFeed
        } else {
          return refuse(state == .size && byte == ASCII.semicolon ? .chunkExtension : .malformedChunkSize)
        }
      case .sizeLineFeed:
        guard byte == ASCII.lineFeed else { return refuse(.malformedChunkSize) }
        if left > 0 {
          total += left
          state = .data
        } else {
          state = .trailers
          trailers.begin(at: cursor + 1)
        }
      case .data:
        if left > 0 { return takePayload(input) }
        guard byte == ASCII.carriageReturn else { return refuse(.malformedChunkEnd) }
        state = .dataLineFeed
      case .dataLineFeed:
        guard byte == ASCII.lineFeed else { return refuse(.malformedChunkEnd) }
        state = .sizeStart
      case .trailers:
        return stepTrailers(input)
      default: return .needMore
      }
      cursor += 1
    }
    return .needMore
  }

  private mutating func stepTrailers(_ input: RawSpan) -> Step {
    var none: [FieldRange] = []
    switch trailers.scan(
      input, cursor: &cursor, into: &none, maximumByteCount: limits.maximumTrailerByteCount,
      maximumCount: limits.maximumTrailerFieldCount)
    {
    case .needMore: return .needMore
    case .refused(.headerTooLarge), .refused(.tooManyFields): return refuse(.trailerTooLarge)
    case .refused(let reason): return refuse(reason)
    case .complete:
      let consumed = cursor
      state = .finished
      cursor = 0
      return .finished(consumed: consumed)
    }
  }
}
