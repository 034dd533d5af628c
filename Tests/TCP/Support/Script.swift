import Bytes
import Platform
import Testing
import Wire

@testable import TCP

/// One connection under test, a peer whose segments the test writes by hand, and a clock that the test moves: what
/// packetdrill is to a kernel. Sequence numbers count from each end's initial one, so the first byte is 1.
final class Script {
  var connection: Connection
  let pool: BufferPool
  let counters = Counters()
  let configuration: Configuration
  let ourStart: SequenceNumber
  let theirStart: SequenceNumber
  private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
  /// What the connection sent and no test has asked for.
  private(set) var outbox: [Sent] = []
  /// What the last event changed.
  private(set) var events: Events = []
  /// Bytes that the program has handed over.
  private(set) var writtenCount = 0
  /// Whether a turn goes on, which takes segments in before any is sent.
  private var isInTurn = false
  /// What the device cuts by itself.
  var largeByteCount = 0
  /// Where the peer goes on when a test names no number.
  var theirNext = 1
  /// What the peer acknowledges when a test names no number.
  var theirAcknowledgement = 1
  /// SEG.WND of the peer.
  var theirWindow: Int
  private let theirTimestamps: Bool
  /// TSval of what the connection sent last.
  private(set) var lastTimestamp: UInt32 = 0

  /// What the peer's SYN says.
  struct Offer {
    var segmentSize: UInt16? = 1460
    var scale: UInt8?
    var isSACKPermitted = false
    var hasTimestamps = false
    var window = 65535

    static let plain = Offer()
    static let sack = Offer(isSACKPermitted: true)
    static let timestamps = Offer(hasTimestamps: true)
    static let all = Offer(scale: 7, isSACKPermitted: true, hasTimestamps: true)

    var options: TCPOptions {
      var options = TCPOptions()
      options.maximumSegmentSize = segmentSize
      options.windowScale = scale
      options.isSACKPermitted = isSACKPermitted
      return options
    }
  }

  let offer: Offer

  /// A connection in SYN-SENT, or in SYN-RECEIVED when the peer opens it; its SYN or SYN-ACK is in the outbox.
  init(
    isPassive: Bool, _ offer: Offer = .plain, _ configuration: Configuration = Configuration(),
    ours: UInt32 = 10_000, theirs: UInt32 = 77_000, segmentByteCount: Int = 1460, budget: Int = 64 << 20
  ) throws {
    self.offer = offer
    self.configuration = configuration
    ourStart = SequenceNumber(ours)
    theirStart = SequenceNumber(theirs)
    theirWindow = offer.window
    theirTimestamps = offer.hasTimestamps
    let pool = BufferPool(budgetByteCount: budget)
    self.pool = pool
    #expect(pool.admit(Connection.admissionByteCount(configuration)))
    let identity = Connection.Identity(
      localPort: 80, remotePort: 4321, initialSendNumber: ourStart, timestampOffset: 5_000_000,
      segmentByteCount: segmentByteCount)
    if isPassive {
      var syn = TCPHeader(
        sourcePort: 4321, destinationPort: 80, sequenceNumber: theirStart,
        acknowledgementNumber: SequenceNumber(0), flags: .syn, window: UInt16(offer.window))
      syn.options = offer.options
      if theirTimestamps {
        syn.options.timestamps = TCPTimestamps(value: Self.peerClock(now), echo: 0)
      }
      var made: Connection?
      let (counters, now) = (counters, now)
      try Datagram(syn).parsed {
        made = Connection(
          accepting: $0, as: identity, configuration: configuration, counters: counters, pool: pool, at: now)
      }
      connection = made.take()!
    } else {
      connection = Connection(
        opening: identity, configuration: configuration, counters: counters, pool: pool, at: now)
    }
    drain()
  }

  /// A connection in ESTABLISHED, with nothing to be sent.
  static func established(
    _ offer: Offer = .plain, _ configuration: Configuration = Configuration(), isPassive: Bool = true,
    ours: UInt32 = 10_000, theirs: UInt32 = 77_000, segmentByteCount: Int = 1460, budget: Int = 64 << 20
  ) throws -> Script {
    let script = try Script(
      isPassive: isPassive, offer, configuration, ours: ours, theirs: theirs,
      segmentByteCount: segmentByteCount, budget: budget)
    script.expect(isPassive ? [.syn, .ack] : .syn, 0)
    if isPassive {
      try script.peer(.ack, 1, ack: 1)
    } else {
      try script.peer([.syn, .ack], 0, ack: 1, options: offer.options)
      script.expect(.ack, 1, ack: 1)
    }
    #expect(script.connection.state == .established)
    script.expectNothing()
    return script
  }

  private static func peerClock(_ now: Instant) -> UInt32 {
    UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000) &+ 900
  }

  /// SRTT in nanoseconds; 0 before the first measurement.
  var smoothed: UInt64 { connection.smoothedRoundTrip ?? 0 }
  var isAtEnd: Bool { connection.isAtEnd }
  var hasGap: Bool { connection.receiveQueue.hasGap }
  var state: State { connection.state }

  // MARK: The peer

  /// A segment arrives. Without numbers it goes on where the last one ended.
  @discardableResult
  func peer(
    _ flags: TCPFlags, _ sequence: Int? = nil, ack: Int? = nil, window: Int? = nil, _ payload: [UInt8] = [],
    sack: [Range<Int>] = [], options: TCPOptions = TCPOptions(), clock: Int = 0, echo: UInt32? = nil,
    hasTimestamps: Bool? = nil
  ) throws -> Events {
    if let window { theirWindow = window }
    if let ack { theirAcknowledgement = ack }
    let place = sequence ?? theirNext
    var header = TCPHeader(
      sourcePort: 4321, destinationPort: 80, sequenceNumber: theirStart + place,
      acknowledgementNumber: flags.contains(.ack) ? ourStart + theirAcknowledgement : SequenceNumber(0),
      flags: flags, window: UInt16(theirWindow))
    header.options = options
    for block in sack {
      header.options.appendSACKBlock(
        SACKBlock(start: ourStart + block.lowerBound, end: ourStart + block.upperBound))
    }
    if hasTimestamps ?? theirTimestamps {
      header.options.timestamps = TCPTimestamps(
        value: Self.peerClock(now) &+ UInt32(truncatingIfNeeded: clock), echo: echo ?? lastTimestamp)
    }
    let length =
      payload.count + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
    theirNext = max(theirNext, place + length)
    return try receive(header, payload)
  }

  /// The peer acknowledges `number`.
  @discardableResult
  func ack(_ number: Int, window: Int? = nil, sack: [Range<Int>] = []) throws -> Events {
    try peer(.ack, ack: number, window: window, sack: sack)
  }

  /// The peer sends `count` bytes of its stream from `sequence` on.
  @discardableResult
  func data(_ sequence: Int, _ count: Int, _ flags: TCPFlags = .ack) throws -> Events {
    try peer(flags, sequence, stream(count, from: sequence - 1))
  }

  /// A segment arrives as it is.
  @discardableResult
  func receive(_ header: TCPHeader, _ payload: [UInt8] = []) throws -> Events {
    events = try Datagram(header, payload).parsed { connection.receive($0, at: now) }
    drain()
    return events
  }

  /// What `body` does happens in one turn of the loop: what that lets out is sent at its end.
  func turn(_ body: () throws -> Void) rethrows {
    isInTurn = true
    defer {
      isInTurn = false
      drain()
    }
    try body()
  }

  // MARK: The program

  /// Hands over the next `count` bytes of the stream; returns how many were taken.
  @discardableResult
  func write(_ count: Int) -> Int {
    let taken = connection.send(stream(count, from: writtenCount).span.bytes, at: now)
    writtenCount += taken
    drain()
    return taken
  }

  /// Reads up to `count` bytes.
  @discardableResult
  func read(_ count: Int = 1 << 20) -> [UInt8] {
    var buffer = ByteBuffer(capacity: count)
    buffer.withFreeRoom(atLeast: count) { room in events = connection.receive(into: &room).events }
    drain()
    return buffer.array()
  }

  func finish() {
    connection.finish()
    drain()
  }

  @discardableResult
  func close() -> Events {
    events = connection.close(at: now)
    drain()
    return events
  }

  @discardableResult
  func abort() -> Events {
    events = connection.abort()
    drain()
    return events
  }

  // MARK: Time

  /// Time goes on; what becomes due meanwhile is done in its moment.
  func advance(milliseconds: Int) { advance(nanoseconds: UInt64(milliseconds) * 1_000_000) }

  func advance(nanoseconds: UInt64) {
    let target = now.advanced(byNanoseconds: nanoseconds)
    var stepCount = 0
    while connection.deadline <= target {
      now = max(now, connection.deadline)
      events = connection.advance(to: now)
      drain()
      stepCount += 1
      if stepCount > 100_000 {
        Issue.record("timers without end")
        return
      }
    }
    now = target
  }

  // MARK: What was sent

  /// Takes what the connection wants to send until there is nothing.
  func drain() {
    if isInTurn { return }
    for _ in 0..<4096 {
      guard let segment = connection.nextSegment(at: now, largeByteCount: largeByteCount) else {
        connection.settle(at: now)
        return
      }
      let payload = connection.withPayload(of: segment) { first, second in
        first.withUnsafeBytes { Array($0) } + second.withUnsafeBytes { Array($0) }
      }
      #expect(payload.count == segment.payloadByteCount)
      do {
        try Datagram(segment.header, payload).parsed { note($0, payload, segment.segmentByteCount) }
      } catch {
        Issue.record("what was sent cannot be parsed: \(error)")
      }
      connection.didSend(segment, at: now)
    }
    Issue.record("segments without end: \(outbox.suffix(3))")
  }

  private func note(_ segment: borrowing TCPSegment, _ payload: [UInt8], _ segmentByteCount: Int) {
    let sequence = segment.sequenceNumber - ourStart
    outbox.append(
      Sent(
        at: now, flags: segment.flags, sequence: sequence,
        acknowledgement: segment.acknowledgementNumber - theirStart, window: Int(segment.window),
        options: segment.options, payload: payload, segmentByteCount: segmentByteCount))
    if let timestamps = segment.options.timestamps { lastTimestamp = timestamps.value }
    if !payload.isEmpty { #expect(payload == stream(payload.count, from: sequence - 1), "wrong bytes") }
  }

  /// The next segment that was sent; PSH may stand in it or not. What is not named may be anything.
  @discardableResult
  func expect(
    _ flags: TCPFlags, _ sequence: Int? = nil, ack: Int? = nil, count: Int? = nil, window: Int? = nil,
    sack: [Range<Int>]? = nil, _ location: SourceLocation = #_sourceLocation
  ) -> Sent? {
    guard !outbox.isEmpty else {
      Issue.record("nothing was sent", sourceLocation: location)
      return nil
    }
    let sent = outbox.removeFirst()
    let blocks = (0..<sent.options.sackBlockCount).map { index in
      let block = sent.options.sackBlock(index)
      return block.start - theirStart..<block.end - theirStart
    }
    let isRight =
      sent.flags.subtracting(.psh) == flags && sequence ?? sent.sequence == sent.sequence
      && ack ?? sent.acknowledgement == sent.acknowledgement
      && count ?? sent.payload.count == sent.payload.count
      && window ?? sent.window == sent.window && sack ?? blocks == blocks
    if !isRight { Issue.record("sent \(sent), SACK \(blocks)", sourceLocation: location) }
    return sent
  }

  func expectNothing(_ location: SourceLocation = #_sourceLocation) {
    if !outbox.isEmpty { Issue.record("sent \(outbox)", sourceLocation: location) }
    outbox = []
  }

  /// All that was sent and not asked for; forgets it.
  @discardableResult
  func takeAll() -> [Sent] {
    defer { outbox = [] }
    return outbox
  }

  /// The connection is over and its memory given back.
  func expectNoMemory(_ location: SourceLocation = #_sourceLocation) {
    #expect(pool.blocksInUseCount == 0 && pool.usedByteCount == 0, sourceLocation: location)
    #expect(
      pool.committedByteCount == Connection.admissionByteCount(configuration), sourceLocation: location)
  }
}
