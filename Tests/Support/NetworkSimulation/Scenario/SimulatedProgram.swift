import Bytes
import EventLoop
import Glibc
import NetworkStack
import Platform

/// One end of a connection: sends its bytes, checks the peer's, finishes, closes. Steps once a turn and never waits.
final class SimulatedProgram {
  /// How it ended.
  enum End: Equatable {
    /// All bytes went both ways, and both ends said so.
    case whole
    /// The network said why not.
    case failed(NetworkError)
    /// It aborted as planned.
    case aborted
    /// Its peer is gone and cannot be heard of: it was told to stop.
    case gaveUp
    /// The peer's bytes were wrong, too few or too many.
    case wrong(String)
  }

  private let plan: ProgramPlan
  private let expected: Int
  private let loop: EventLoop
  private var stream: (any ByteStream)?
  private let pattern: Pattern
  private let (ownOffset, peerOffset): (Int, Int)
  private(set) var sent = 0
  private(set) var received = 0
  private(set) var end: End?
  private var hasFinished = false
  private var hasHeardEnd = false
  private var nextRead: Instant
  private var nextWrite: Instant
  private var alarm: Timer?
  private var room: UnsafeMutableRawBufferPointer

  /// One end that does what `plan` says over `stream`, and expects `expected` bytes. The content of either direction is
  /// the pattern from its offset on.
  init(
    _ plan: ProgramPlan, expecting expected: Int, over stream: any ByteStream, loop: EventLoop,
    pattern: Pattern, ownOffset: Int, peerOffset: Int
  ) {
    self.plan = plan
    self.expected = expected
    self.stream = stream
    self.loop = loop
    self.pattern = pattern
    self.ownOffset = ownOffset
    self.peerOffset = peerOffset
    nextRead = loop.now.advanced(byNanoseconds: plan.firstReadNanoseconds)
    nextWrite = loop.now
    room = .allocate(byteCount: plan.readByteCount, alignment: 1)
    wake(at: nextRead)
  }

  deinit {
    alarm?.cancel()
    room.deallocate()
  }

  private func wake(at moment: Instant) {
    guard moment > loop.now else { return }
    // The alarm only makes the loop turn.
    let timer = alarm ?? Timer(loop: loop) {}
    alarm = timer
    timer.set(moment)
  }

  /// Does what can be done now; returns whether that was anything.
  func step() -> Bool {
    guard end == nil, let stream else { return false }
    do throws(NetworkError) {
      var didAnything = try write(stream)
      if try read(stream) { didAnything = true }
      if shouldAbort { return abort(stream) }
      if end == nil && !hasFinished && sent == plan.byteCount && (!plan.finishesLast || hasHeardEnd) {
        stream.finish()
        hasFinished = true
        didAnything = true
      }
      if hasFinished && hasHeardEnd && end == nil {
        stream.close()
        conclude(received == expected ? .whole : .wrong("\(received) bytes instead of \(expected)"))
        return true
      }
      return didAnything
    } catch {
      stream.close()
      conclude(.failed(error))
      return true
    }
  }

  private var shouldAbort: Bool {
    guard end == nil, let limit = plan.abortsAfter else { return false }
    return sent + received >= limit
  }

  private func abort(_ stream: any ByteStream) -> Bool {
    if let stream = stream as? StackStream { stream.abort() } else { stream.close() }
    conclude(.aborted)
    return true
  }

  /// Ends what cannot end by itself.
  func giveUp() {
    guard end == nil, let stream else { return }
    _ = abort(stream)
    end = .gaveUp
  }

  private func conclude(_ end: End) {
    self.end = end
    stream = nil
    alarm?.cancel()
  }

  private func write(_ stream: any ByteStream) throws(NetworkError) -> Bool {
    var didAnything = false
    while sent < plan.byteCount && nextWrite <= loop.now {
      let count = min(plan.writeByteCount, plan.byteCount - sent, Pattern.maximumPieceByteCount)
      let taken = try pattern.withPiece(at: ownOffset + sent, count: count) { piece throws(NetworkError) in
        try stream.send(piece)
      }
      if taken == 0 { break }
      sent += taken
      didAnything = true
      if plan.writePauseNanoseconds > 0 {
        nextWrite = loop.now.advanced(byNanoseconds: plan.writePauseNanoseconds)
        wakeForNext()
      }
    }
    if nextWrite > loop.now && sent < plan.byteCount { wakeForNext() }
    return didAnything
  }

  private func wakeForNext() {
    let moments = [nextRead, nextWrite].filter { $0 > loop.now }
    if let first = moments.min() { wake(at: first) }
  }

  private func read(_ stream: any ByteStream) throws(NetworkError) -> Bool {
    var didAnything = false
    while !hasHeardEnd && end == nil {
      guard nextRead <= loop.now else {
        wakeForNext()
        break
      }
      var output = OutputRawSpan(buffer: room, initializedCount: 0)
      switch try stream.receive(into: &output) {
      case .nothingYet: return didAnything
      case .end: hasHeardEnd = true
      case .bytes(let count):
        guard check(count) else { return true }
        if plan.readPauseNanoseconds > 0 {
          nextRead = loop.now.advanced(byNanoseconds: plan.readPauseNanoseconds)
        }
      }
      didAnything = true
    }
    return didAnything
  }

  /// Compares `count` received bytes, which are in `room`.
  private func check(_ count: Int) -> Bool {
    var checked = 0
    while checked < count {
      let piece = min(count - checked, Pattern.maximumPieceByteCount)
      let isSame = pattern.withPiece(at: peerOffset + received + checked, count: piece) { expected in
        // Both hold `piece` bytes.
        expected.withUnsafeBytes { memcmp($0.baseAddress!, room.baseAddress! + checked, piece) == 0 }
      }
      guard isSame else {
        end = .wrong("other bytes than the peer sent, between \(received + checked) and \(received + count)")
        stream?.close()
        stream = nil
        return false
      }
      checked += piece
    }
    received += count
    return true
  }
}

/// Bytes without end and with a period that no buffer has, so that a piece in the wrong place is noticed.
final class Pattern: Sendable {
  /// The one that all runs share.
  static let shared = Pattern()
  static let period = 65_521
  static let maximumPieceByteCount = 32_768
  private let bytes: [UInt8]

  init() {
    var numbers = SplitMix64(seed: 77)
    let once = (0..<Self.period).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    bytes = once + once[..<Self.maximumPieceByteCount]
  }

  func withPiece<R, E: Error>(at place: Int, count: Int, _ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    let start = place % Self.period
    let bytes = bytes
    let whole = bytes.span.bytes
    return try body(whole.extracting(start..<start + count))
  }
}
