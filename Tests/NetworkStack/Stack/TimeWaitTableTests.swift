import Bytes
import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `The table of TIME-WAITs` {
  private static let limit = 12

  /// What the table should remember, in the order in which it is forgotten.
  private struct Model {
    var entries: [(tuple: FourTuple, until: Instant)] = []
    var evictedCount: UInt64 = 0

    mutating func forget(_ tuple: FourTuple) { entries.removeAll { $0.tuple == tuple } }

    mutating func insert(_ tuple: FourTuple, _ until: Instant) {
      if entries.count >= limit {
        entries.removeFirst()
        evictedCount += 1
      }
      forget(tuple)
      entries.append((tuple, until))
    }
  }

  /// A connection that the stack put into TIME-WAIT now.
  private func wait(_ pair: StackPair, _ port: UInt16) throws -> (FourTuple, TimeWait) {
    _ = try pair.leaveInTimeWait(from: port)
    let tuple = FourTuple(
      local: IPv6Address(mapped: StackPair.rightAddress), remote: IPv6Address(mapped: StackPair.leftAddress),
      localPort: 80, remotePort: port)
    return try (tuple, #require(pair.right.timeWaits[tuple]))
  }

  private func segment<R>(
    _ flags: TCPFlags, _ number: UInt32, _ body: (borrowing TCPSegment) -> R
  ) throws -> R {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 80, sequenceNumber: SequenceNumber(number),
      acknowledgementNumber: SequenceNumber(0), flags: flags, window: 1_000)
    var buffer = ByteBuffer(capacity: 64)
    buffer.withFreeRoom(atLeast: header.byteCount) {
      header.write(into: &$0, seal: .full(pseudoHeader: InternetChecksum()))
    }
    let bytes = buffer.array()
    return body(
      try TCPSegment(validating: bytes.span.bytes, checksum: .verify(pseudoHeader: InternetChecksum())))
  }

  @Test(arguments: 1...20)
  func `forgets in the order in which times come, whatever happens between`(_ seed: UInt64) throws {
    var numbers = SplitMix64(seed: seed)
    let pair = StackPair()
    var (tuple, template) = try wait(pair, 1_000)
    let duration = Configuration().timeWait
    var now = template.until
    var table = TimeWaitTable(key: KeyedHash(key: (numbers.next(), numbers.next())), limit: Self.limit)
    var model = Model()
    for _ in 0..<600 {
      now = now.advanced(byNanoseconds: numbers.below(duration / 8))
      // More connections than there is room for, each of them often.
      tuple.remotePort = UInt16(numbers.pick(1...18))
      switch numbers.below(8) {
      case 0...3:
        // A FIN gives what is remembered another time.
        _ = try segment([.ack, .fin], 0) { template.receive($0, at: now) }
        table.insert(tuple, template)
        model.insert(tuple, template.until)
      case 4, 5:
        let answer = try segment([.ack, .fin], 0) { table.receive($0, of: tuple, at: now) }
        let isKnown = model.entries.contains { $0.tuple == tuple }
        #expect((answer != nil) == isKnown)
        if isKnown {
          model.forget(tuple)
          model.entries.append((tuple, now.advanced(byNanoseconds: duration)))
        }
      case 6:
        table.forget(tuple)
        model.forget(tuple)
      default:
        table.advance(to: now)
        model.entries.removeAll { $0.until <= now }
      }
      try #require(table.count == model.entries.count)
      try #require(table.deadline == model.entries.first?.until ?? .never)
      for port in 1...18 {
        tuple.remotePort = UInt16(port)
        try #require(table[tuple]?.until == model.entries.first { $0.tuple == tuple }?.until)
      }
    }
    #expect(table.evictedCount == model.evictedCount)
    #expect(model.evictedCount > 0)
  }
}
