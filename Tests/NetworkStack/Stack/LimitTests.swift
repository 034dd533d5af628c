import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Limits of a stack` {
  @Test func `one more handshake than a listener has place for is answered and not remembered`() throws {
    var configuration = StackConfiguration()
    configuration.maximumHandshakeCount = 4
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    for port: UInt16 in 1...6 { pair.sendSYN(from: 1000 + port) }
    pair.run(for: .milliseconds(10))
    #expect(pair.right.counters.cookiesSent == 2)
    #expect(pair.right.connectionCount == 4)
    let answers = pair.heardPackets(.tcp) { packet -> UInt8? in
      guard let segment = try? TCPSegment(validating: packet.payload, checksum: .trusted) else { return nil }
      return segment.flags.rawValue
    }
    #expect(answers == Array(repeating: ([.syn, .ack] as TCPFlags).rawValue, count: 6))
    // Nobody answers: the handshakes are given up, and there is place again.
    pair.run(for: .seconds(21))
    #expect(pair.right.connectionCount == 0)
    #expect(pair.right.pool.committedByteCount == 0)
    listener.close()
  }

  @Test func `one more connection than the backlog has place for waits until one is accepted`() throws {
    var configuration = StackConfiguration()
    configuration.maximumBacklogCount = 2
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    var clients: [StackStream] = []
    for _ in 0..<3 {
      clients.append(try pair.left.open(to: pair.endpoint(80)))
      pair.run(for: .milliseconds(5))
    }
    #expect(clients.count { $0.isConnected } == 2)
    let first = try listener.accept()
    // The SYN comes again after a second.
    pair.run(for: .seconds(2))
    #expect(clients.count { $0.isConnected } == 3)
    #expect(first != nil)
  }

  @Test func `one more connection than the stack may have is exhausted, and a peer's dropped`() throws {
    var configuration = StackConfiguration()
    configuration.maximumConnectionCount = 2
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let clients = try (0..<2).map { _ in try pair.left.open(to: pair.endpoint(80)) }
    #expect(throws: NetworkError.exhausted) { _ = try pair.left.open(to: pair.endpoint(80)) }
    pair.run()
    pair.introduceStranger()
    pair.sendSYN(from: 1000)
    pair.run(for: .milliseconds(10))
    #expect(pair.right.counters.connectionLimit == 1)
    #expect(pair.right.connectionCount == clients.count)
    listener.close()
  }

  @Test func `we get an eighth more than peers, who take the place of orphans`() throws {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 16 * Connection.admissionByteCount(configuration.tcp)
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let clients = try (0..<18).map { _ in try pair.left.open(to: pair.endpoint(80)) }
    // A few at first, until the neighbour has answered; the others' SYNs come again. Two are answered by a cookie, but find
    // no place when they bring it back.
    pair.run(for: .seconds(2))
    #expect(clients.allSatisfy { $0.isConnected })
    #expect(pair.right.connectionCount == 16)
    var accepted: [any ByteStream] = []
    while accepted.count < 16 { accepted.append(try #require(try listener.accept())) }
    // Who accepts hears of it, once for all that were refused meanwhile.
    #expect(throws: NetworkError.exhausted) { _ = try listener.accept() }
    #expect(try listener.accept() == nil)
    // Their peers do not finish: both stay, without a program, until somebody wants their place.
    for place in [9, 3] { accepted.remove(at: place).close() }
    pair.run(for: .milliseconds(50))
    for client in clients { try client.say("hello") }
    pair.run(for: .seconds(1))
    for _ in 0..<2 {
      let server = try #require(try listener.accept())
      #expect(try server.hear() == "hello")
      accepted.append(server)
    }
    #expect(clients.count { $0.isConnected } == 16)
    #expect(pair.right.connectionCount == 16)
    let ours = try (0..<2).map { _ in
      try pair.right.open(to: Endpoint(IPAddress(StackPair.leftAddress), port: 9))
    }
    #expect(pair.right.connectionCount == 18)
    for stream in ours { stream.abort() }
  }

  @Test func `without memory for one more connection none begins, and those that are there go on`() throws {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 3 * Connection.admissionByteCount(configuration.tcp)
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let clients = try (0..<3).map { _ in try pair.left.open(to: pair.endpoint(80)) }
    #expect(throws: NetworkError.exhausted) { _ = try pair.left.open(to: pair.endpoint(80)) }
    pair.run()
    for client in clients { try client.say("still here") }
    pair.run()
    for _ in clients {
      let server = try #require(try listener.accept())
      #expect(try server.hear() == "still here")
    }
  }

  @Test func `windows fall as the memory fills, and rise again`() throws {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 1 << 20
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    var clients: [StackStream] = []
    var servers: [any ByteStream] = []
    let chunk = [UInt8](repeating: 1, count: 64 << 10)
    for _ in 0..<32 {
      let client = try pair.left.open(to: pair.endpoint(80))
      pair.run(for: .milliseconds(2))
      servers.append(try #require(try listener.accept()))
      _ = try client.send(chunk.span.bytes)
      pair.run(for: .milliseconds(2))
      clients.append(client)
    }
    // Nobody reads: what has arrived stays within the budget, and the last one got less than the first.
    #expect(pair.right.pool.committedByteCount <= 1 << 20)
    let held = servers.compactMap { ($0 as? StackStream)?.readableByteCount }
    let (first, last) = (try #require(held.first), try #require(held.last))
    #expect(first > 4 * last)
    #expect(last > 0)
    // Everybody reads: everything arrives after all.
    var total = 0
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { memory.deallocate() }
    for _ in 0..<200 {
      for (client, server) in zip(clients, servers) {
        _ = client
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        if case .bytes(let count) = try server.receive(into: &room) { total += count }
      }
      pair.run(for: .milliseconds(50))
    }
    let sent = Int(pair.left.tcpCounters.bytesSent)
    #expect(total == sent)
    #expect(pair.right.pool.usedByteCount == 0)
  }

  @Test func `TIME-WAITs beyond their limit push out the oldest`() throws {
    var configuration = StackConfiguration()
    configuration.maximumTimeWaitCount = 3
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    for _ in 0..<5 {
      let client = try pair.left.open(to: pair.endpoint(80))
      pair.run(for: .milliseconds(2))
      let server = try #require(try listener.accept())
      client.close()
      pair.run(for: .milliseconds(2))
      server.close()
      pair.run(for: .milliseconds(2))
    }
    #expect(pair.left.timeWaitCount == 3)
    #expect(pair.left.timeWaits.evictedCount == 2)
  }

  @Test func `datagrams beyond a socket's queue are dropped and counted`() throws {
    var configuration = StackConfiguration()
    configuration.maximumDatagramQueueByteCount = 1_000
    let pair = StackPair(configuration)
    let sender = try pair.left.bind()
    let receiver = try pair.right.bind(port: 7)
    let payload = [UInt8](repeating: 1, count: 400)
    for _ in 0..<3 { try sender.send(payload.span.bytes, to: pair.endpoint(7)) }
    pair.run()
    #expect(pair.right.counters.datagramsOverflow == 1)
    #expect(receiver.receive()?.payload == payload)
    #expect(receiver.receive() != nil)
    #expect(receiver.receive() == nil)
  }
}

extension StackPair {
  /// The stranger's SYN to port 80 of the right stack.
  func sendSYN(from port: UInt16, source: IPv4Address = strangerAddress) {
    let header = TCPHeader(
      sourcePort: port, destinationPort: 80, sequenceNumber: SequenceNumber(1),
      acknowledgementNumber: SequenceNumber(0), flags: .syn, window: 1_000)
    say(.tcp, byteCount: header.byteCount, from: source) { ip, output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader))
    }
    run(for: .microseconds(100))
  }
}
