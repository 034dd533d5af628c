import Bytes
import Platform
import Testing
import Wire

@testable import TCP

/// One end of a pair: a connection, and a program that writes and reads a stream.
final class End {
  var connection: Connection
  let pool: BufferPool
  let counters: Counters
  let admittedByteCount: Int
  var wait: TimeWait?
  var writtenCount = 0
  var readCount = 0
  /// What it had read was not what the other end wrote.
  var isSpoilt = false

  init(_ connection: consuming Connection, _ pool: BufferPool, _ counters: Counters, _ admittedByteCount: Int)
  {
    self.connection = connection
    self.pool = pool
    self.counters = counters
    self.admittedByteCount = admittedByteCount
  }

  var isOver: Bool { connection.state == .closed || connection.state == .timeWait }

  /// Writes up to `count` bytes of its stream, which has `total`.
  func write(_ count: Int, of total: Int, at now: Instant) {
    let bytes = stream(min(count, total - writtenCount), from: writtenCount)
    writtenCount += connection.send(bytes.span.bytes, at: now)
  }

  func read(_ count: Int) {
    var buffer = ByteBuffer(capacity: count)
    buffer.withFreeRoom(atLeast: count) { room in _ = connection.receive(into: &room) }
    let bytes = buffer.array()
    if bytes != stream(bytes.count, from: readCount) { isSpoilt = true }
    readCount += bytes.count
  }
}

/// Two connections and the network between them, which may lose, copy and delay what is on its way.
final class Pair {
  /// What happens to a segment: one delay in nanoseconds for each copy that arrives.
  typealias Fate = (_ from: Int, _ header: TCPHeader, _ byteCount: Int) -> [UInt64]

  private(set) var now = Instant(nanoseconds: 5_000_000_000)
  private(set) var ends: [End?] = [nil, nil]
  private var underway: [(at: UInt64, order: Int, to: Int, datagram: Datagram)] = []
  private var order = 0
  private let configuration: Configuration
  private let starts: [UInt32]
  private let budget: Int
  var fate: Fate = { _, _, _ in [1_000_000] }
  /// What a box in between does to headers, such as taking options away.
  var meddle: (inout TCPHeader) -> Void = { _ in }
  var largeByteCount = 0
  private(set) var sentCount = 0

  init(
    _ configuration: Configuration = Configuration(), starts: [UInt32] = [1000, 2000], budget: Int = 16 << 20
  ) {
    self.configuration = configuration
    self.starts = starts
    self.budget = budget
    let (pool, counters, admitted) = resources()
    ends[0] = End(
      Connection(
        opening: identity(0), configuration: configuration, counters: counters, pool: pool, at: now), pool,
      counters, admitted)
  }

  private func resources() -> (BufferPool, Counters, Int) {
    let pool = BufferPool(budgetByteCount: budget)
    let admitted = Connection.admissionByteCount(configuration)
    #expect(pool.admit(admitted))
    return (pool, Counters(), admitted)
  }

  private func identity(_ index: Int) -> Connection.Identity {
    Connection.Identity(
      localPort: UInt16(1 + index), remotePort: UInt16(2 - index),
      initialSendNumber: SequenceNumber(starts[index]), timestampOffset: .max - 100, segmentByteCount: 1460)
  }

  /// The end that opened, and the one that answered, once it is there.
  var client: End { ends[0]! }
  var server: End? { ends[1] }

  // MARK: Time

  /// Goes on to the next thing that happens, but no further than `limit`.
  func step(until limit: UInt64 = .max) {
    transmit()
    var next = min(limit, underway.map(\.at).min() ?? .max)
    for case let end? in ends { next = min(next, end.connection.deadline.nanoseconds) }
    if next == .max { return }
    now = max(now, Instant(nanoseconds: next))
    for index in 0..<2 {
      guard let end = ends[index], end.connection.deadline <= now else { continue }
      finish(end.connection.advance(to: now), index)
    }
    let due = underway.filter { $0.at <= now.nanoseconds }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
    underway.removeAll { $0.at <= now.nanoseconds }
    for item in due { deliver(item.datagram, to: item.to) }
    transmit()
  }

  /// Whether nothing will happen any more.
  var isQuiet: Bool {
    underway.isEmpty && ends.allSatisfy { $0 == nil || $0!.connection.deadline == .never }
  }

  func transmit() {
    for index in 0..<2 { transmit(index) }
  }

  private func transmit(_ index: Int) {
    guard let end = ends[index] else { return }
    for _ in 0..<20_000 {
      guard let segment = end.connection.nextSegment(at: now, largeByteCount: largeByteCount) else {
        end.connection.settle(at: now)
        return
      }
      let payload = end.connection.withPayload(of: segment) { first, second in
        first.withUnsafeBytes { Array($0) } + second.withUnsafeBytes { Array($0) }
      }
      post(segment.header, payload, from: index)
      end.connection.didSend(segment, at: now)
    }
    Issue.record("segments without end")
  }

  private func post(_ header: TCPHeader, _ payload: [UInt8] = [], from index: Int) {
    var header = header
    meddle(&header)
    sentCount += 1
    for delay in fate(index, header, payload.count) {
      order += 1
      underway.append((now.nanoseconds + delay, order, 1 - index, Datagram(header, payload)))
    }
  }

  // MARK: Arrival

  private func deliver(_ datagram: Datagram, to index: Int) {
    do {
      try datagram.parsed { segment in
        if let end = ends[index] {
          receive(segment, end, index)
        } else if segment.flags == .syn {
          let (pool, counters, admitted) = resources()
          ends[index] = End(
            Connection(
              accepting: segment, as: identity(index), configuration: configuration, counters: counters,
              pool: pool, at: now), pool, counters, admitted)
        }
      }
    } catch {
      Issue.record("what was sent cannot be parsed: \(error)")
    }
    transmit(index)
  }

  private func receive(_ segment: borrowing TCPSegment, _ end: End, _ index: Int) {
    if end.wait != nil {
      if case .send(let header) = end.wait!.receive(segment, at: now) { post(header, from: index) }
    } else if end.connection.state == .closed {
      if let header = TCPHeader(resetting: segment) { post(header, from: index) }
    } else {
      let events = end.connection.receive(segment, at: now)
      if events.contains(.answerReset), let header = TCPHeader(resetting: segment) {
        post(header, from: index)
      }
      finish(events, index)
    }
  }

  private func finish(_ events: Events, _ index: Int) {
    transmit(index)
    guard events.contains(.ended), let end = ends[index] else { return }
    if end.connection.state == .timeWait { end.wait = TimeWait(end.connection, at: now) }
  }
}
