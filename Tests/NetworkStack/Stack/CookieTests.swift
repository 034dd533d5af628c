import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A flood of SYNs` {
  @Test func `of nobody keeps no honest client out, and costs no more than its table`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    var numbers = SplitMix64(seed: 1)
    var clients: [StackStream] = []
    var servers: [any ByteStream] = []
    for round in 0..<1_000 {
      for _ in 0..<100 {
        // Most of them from addresses without a host, some from those of the link.
        let isNear = numbers.chance(0.01)
        let source =
          isNear
          ? IPv4Address(10, 0, 0, 10 + UInt8(numbers.below(240)))
          : IPv4Address(11, UInt8(numbers.below(256)), UInt8(numbers.below(256)), 1)
        pair.sendSegment(
          .syn, from: 1024 + UInt16(numbers.below(60_000)), source: source,
          number: UInt32(truncatingIfNeeded: numbers.next()), runs: false)
      }
      if round % 20 == 10 {
        clients.append(try pair.left.open(to: pair.endpoint(80)))
      }
      pair.run(for: .milliseconds(1))
      if let server = try listener.accept() {
        try clients[servers.count].say("client \(servers.count)")
        servers.append(server)
      }
    }
    pair.run()
    #expect(clients.count == 50 && clients.allSatisfy { $0.isConnected })
    #expect(servers.count == 50)
    for (index, server) in servers.enumerated() {
      #expect(try server.hear() == "client \(index)")
      try server.say("server \(index)")
    }
    pair.run()
    for (index, client) in clients.enumerated() { #expect(try client.hear() == "server \(index)") }
    let limit = pair.right.configuration.maximumHandshakeCount
    #expect(pair.right.connectionCount <= limit + 50)
    #expect(
      pair.right.pool.committedByteCount
        <= (limit + 50) * Connection.admissionByteCount(pair.right.configuration.tcp))
    #expect(pair.right.counters.cookiesReturned == 50)
    #expect(pair.right.counters.cookiesSent > 99_000)
    #expect(pair.right.counters.listenOverflow == 0)
    #expect(pair.right.rightHostsAreKnown)
    // When it is over, nothing is left of it.
    pair.run(for: .seconds(30))
    #expect(pair.right.connectionCount == 50)
  }

  @Test func `does not spoil large transfers of who comes by a cookie`() throws {
    var configuration = StackConfiguration()
    configuration.maximumHandshakeCount = 0
    let pair = StackPair(configuration)
    pair.wire.invariants = WireInvariants()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    #expect(pair.right.counters.cookiesSent == 1 && pair.right.counters.cookiesReturned == 1)
    #expect(try pair.exchange(1 << 20, from: client, to: server) == 1 << 20)
    #expect(try pair.exchange(1 << 20, from: server, to: client) == 1 << 20)
    #expect(pair.wire.reports.isEmpty, "\(pair.wire.reports)")
    #expect(pair.left.tcpCounters.timeouts == 0 && pair.right.tcpCounters.timeouts == 0)
  }

  @Test func `lets in whose ACK was lost by the bytes that follow it`() throws {
    var configuration = StackConfiguration()
    configuration.maximumHandshakeCount = 0
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.wire.script = [
      ScriptedDrop(1...2) { $0.header.flags.contains(.ack) && $0.header.destinationPort == 80 }
    ]
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run(for: .milliseconds(10))
    // Its ACK and then its first bytes are lost; the second come alone, and are neither taken nor answered.
    try client.say("first ")
    pair.run(for: .milliseconds(1))
    try client.say("second")
    pair.run(for: .milliseconds(1))
    #expect(try listener.accept() == nil)
    #expect(pair.right.counters.cookiesRefused == 1 && pair.right.tcpCounters.resetsSent == 0)
    pair.run(for: .seconds(3))
    let server = try #require(try listener.accept())
    #expect(try server.hear() == "first second")
  }

  @Test func `cookies that nobody got are refused, and reset once none is awaited any more`() throws {
    var configuration = StackConfiguration()
    configuration.maximumHandshakeCount = 0
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    pair.sendSegment(.ack, from: 1_000, acknowledgement: 5)
    #expect(pair.right.tcpCounters.resetsSent == 1)
    pair.sendSegment(.syn, from: 1_000)
    var numbers = SplitMix64(seed: 3)
    for _ in 0..<2_000 {
      pair.sendSegment(.ack, from: 1_000, acknowledgement: UInt32(truncatingIfNeeded: numbers.next()))
    }
    #expect(pair.right.counters.cookiesRefused == 2_000)
    #expect(pair.right.tcpCounters.resetsSent == 1 && pair.right.connectionCount == 0)
    pair.run(for: .seconds(130))
    pair.sendSegment(.ack, from: 1_000, acknowledgement: 5)
    #expect(pair.right.tcpCounters.resetsSent == 2)
    listener.close()
  }

  @Test func `a cookie that comes back to a full backlog waits for its place`() throws {
    var configuration = StackConfiguration()
    configuration.maximumHandshakeCount = 0
    configuration.maximumBacklogCount = 1
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    // Both get a cookie while there is a place; the second to come back has none.
    let clients = try (0..<2).map { _ in try pair.left.open(to: pair.endpoint(80)) }
    pair.run(for: .milliseconds(10))
    #expect(pair.right.connectionCount == 1 && pair.right.counters.listenOverflow == 1)
    _ = try #require(try listener.accept())
    for client in clients { try client.say("here") }
    pair.run(for: .seconds(1))
    let second = try #require(try listener.accept())
    #expect(try second.hear() == "here")
  }
}

extension NetworkStack {
  /// Whether what is known of the link is within its limits.
  fileprivate var rightHostsAreKnown: Bool {
    interfaces.allSatisfy {
      $0.neighbours.count <= NeighbourCache.maximumCount && $0.neighbours.heldCount <= 256
    }
  }
}

extension StackPair {
  /// Sends `byteCount` bytes from one stream to another as fast as both take them; returns how many arrived within a
  /// minute.
  func exchange(_ byteCount: Int, from sender: any ByteStream, to receiver: any ByteStream)
    throws(NetworkError) -> Int
  {
    let chunk = [UInt8](repeating: 3, count: 64 << 10)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { memory.deallocate() }
    var sent = 0
    var received = 0
    for _ in 0..<6_000 where received < byteCount {
      sent += try sender.send(chunk.span.bytes.extracting(0..<min(chunk.count, byteCount - sent)))
      run(for: .milliseconds(10))
      while true {
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        guard case .bytes(let count) = try receiver.receive(into: &room) else { break }
        received += count
      }
    }
    return received
  }
}
