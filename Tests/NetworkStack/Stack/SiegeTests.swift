import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A stack under siege` {
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `serves who is honest, stays within its limits and keeps nothing but counters`(seed: UInt64) throws {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 4 << 20
    configuration.maximumHandshakeCount = 64
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    var attacker = Attacker(pair, clientPort: client.local.port, seed: seed)
    var received = 0
    for round in 0..<300 {
      for _ in 0..<40 { attacker.strike() }
      let chunk = [UInt8](repeating: UInt8(round & 255), count: 2_000)
      _ = try client.send(chunk.span.bytes)
      _ = try server.send(chunk.span.bytes)
      pair.run(for: .milliseconds(2))
      received += try server.readAll()
      received += try client.readAll()
    }
    pair.run(for: .seconds(1))
    received += try server.readAll()
    received += try client.readAll()
    #expect(received == 2 * 300 * 2_000)
    let right = pair.right
    #expect(right.connectionCount <= configuration.maximumHandshakeCount + 1)
    #expect(right.pool.committedByteCount <= configuration.bufferBudgetByteCount)
    #expect(right.pool.usedByteCount <= configuration.bufferBudgetByteCount)
    #expect(pair.rightInterface.neighbours.count <= NeighbourCache.maximumCount)
    #expect(pair.rightInterface.reassembler.datagramCount <= Reassembler.maximumDatagramCount)
    #expect(pair.rightInterface.reassembler.byteCount <= Reassembler.defaultByteLimit)
    #expect(right.paths.count == 0 && right.timeWaitCount == 0)
    // Everybody can be made to say something; nobody much.
    #expect(pair.heard.count < 300 * 40)
    // When it is over, only the honest connection is left.
    pair.run(for: .seconds(60))
    #expect(right.connectionCount == 1)
    #expect(right.pool.usedByteCount == 0)
    #expect(right.pool.committedByteCount == Connection.admissionByteCount(configuration.tcp))
    #expect(pair.rightInterface.reassembler.datagramCount == 0)
    #expect(pair.rightInterface.neighbours.heldCount == 0)
    try client.say("still here")
    pair.run()
    #expect(try server.hear() == "still here")
  }

  @Test func `lets no fragment rewrite the header of another (RFC 1858, RFC 3128, RFC 5722)`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    // A whole SYN in pieces of 8 bytes is a SYN like any other.
    pair.sendFragments(
      of: pair.segmentBytes(.syn, from: 1_000), identification: 1, pieces: [0..<8, 8..<16, 16..<20])
    #expect(pair.right.connectionCount == 1)
    // The flags of an ACK become a SYN by a piece that lies over them: nothing of it is taken, nor of what follows.
    let harmless = pair.segmentBytes(.ack, from: 1_001)
    let harmful = pair.segmentBytes(.syn, from: 1_001)
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
      let pieces: [([UInt8], Range<Int>)] = [(harmless, 0..<16), (harmful, 8..<16), (harmful, 16..<20)]
      let identification = UInt16(10 + order[0] * 3 + order[1])
      for index in order {
        pair.sendFragments(of: pieces[index].0, identification: identification, pieces: [pieces[index].1])
      }
    }
    #expect(pair.right.connectionCount == 1)
    #expect(pair.rightInterface.reassembler.count(of: .overlap) >= 2)
    // A packet without all of its header is none.
    pair.sendFragments(of: Array(harmful[..<16]), identification: 40, pieces: [0..<8, 8..<16])
    #expect(pair.right.counters.malformed[0] > 0)
    listener.close()
  }

  @Test func `puts an honest packet together while fragments of others flood it`() throws {
    let pair = StackPair()
    let socket = try pair.right.bind(port: 7)
    var numbers = SplitMix64(seed: 9)
    let payload = [UInt8](repeating: 4, count: 2_392)
    var receivedCount = 0
    for round in 0..<50 as Range<UInt16> {
      for _ in 0..<30 {
        pair.sendFragments(
          of: [UInt8](repeating: 1, count: 2_000), identification: UInt16(numbers.below(65_536)),
          pieces: [8 * numbers.pick(0...100)..<1_600], from: IPv4Address(11, 0, 0, UInt8(numbers.below(8))))
      }
      pair.sendFragments(
        of: pair.datagramBytes(payload, to: 7), identification: round, pieces: [0..<1_200, 1_200..<2_400])
      if socket.receive()?.payload == payload { receivedCount += 1 }
    }
    #expect(receivedCount == 50)
    #expect(pair.rightInterface.reassembler.byteCount <= Reassembler.defaultByteLimit)
  }

  @Test func `finds a neighbour again whom a liar said to be elsewhere`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    pair.run(for: .seconds(2))
    // Many claims are one: a change is followed by no other within a second.
    for index in 0..<100 as Range<UInt64> {
      let packet = ARPPacket(
        operation: .reply, senderHardware: EthernetAddress(rawValue: 0x0200_0001_0000 + index),
        sender: StackPair.leftAddress, targetHardware: pair.rightInterface.hardware,
        target: StackPair.rightAddress)
      pair.say(.arp, to: pair.rightInterface.hardware) { packet.write(into: &$0) }
      pair.run(for: .milliseconds(1))
    }
    #expect(pair.rightInterface.neighbours.changedCount == 1)
    #expect(pair.rightInterface.neighbours.refusedChangeCount == 99)
    try server.say("where are you?")
    // Nobody answers there: it is asked again after 5 s, three times, then everybody is.
    pair.run(for: .seconds(20))
    #expect(try client.hear() == "where are you?")
    #expect(pair.rightInterface.neighbours.changedCount <= 2)
  }

  @Test func `holds its memory when many peers take nothing, and serves others meanwhile (sockstress)`()
    throws
  {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 4 << 20
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    let page = [UInt8](repeating: 1, count: 60_000)
    var servers: [any ByteStream] = []
    for index in 0..<200 as Range<UInt16> {
      // The window is zero from the first ACK on; or one byte.
      pair.openByHand(from: 2_000 + index, window: index & 1)
      let server = try #require(try listener.accept())
      _ = try server.send(page.span.bytes)
      servers.append(server)
    }
    #expect(servers.count == 200)
    #expect(pair.right.pool.usedByteCount <= configuration.bufferBudgetByteCount)
    // They say for ever that they are there and take nothing; who is honest gets his page.
    for round in 0..<5 {
      for index in 0..<200 as Range<UInt16> { pair.acknowledgeByHand(from: 2_000 + index, window: 0) }
      let client = try pair.left.open(to: pair.endpoint(80))
      pair.run(for: .milliseconds(50))
      let server = try #require(try listener.accept())
      #expect(try pair.exchange(page.count, from: server, to: client) == page.count, "round \(round)")
      client.close()
      server.close()
      pair.run(for: .seconds(1))
    }
    #expect(pair.right.pool.usedByteCount <= configuration.bufferBudgetByteCount)
    // The program has had enough of them: they are given up, and leave nothing.
    for server in servers { server.close() }
    servers = []
    pair.run(for: .seconds(200))
    #expect(pair.right.connectionCount == 0)
    #expect(pair.right.pool.usedByteCount == 0 && pair.right.pool.committedByteCount == 0)
  }

  @Test func `serves others while many send one byte at a time and read one at a time`() throws {
    var configuration = StackConfiguration()
    configuration.bufferBudgetByteCount = 4 << 20
    configuration.maximumBacklogCount = 2_000
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    for index in 0..<300 as Range<UInt16> { pair.openByHand(from: 2_000 + index, window: 1) }
    // Nobody reads what they send, a byte in a segment, each beyond a gap.
    for round in 0..<20 {
      for index in 0..<300 as Range<UInt16> {
        pair.dataByHand(from: 2_000 + index, skipping: 1 + round * 2, window: 1)
      }
    }
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run(for: .milliseconds(50))
    var server: (any ByteStream)?
    for _ in 0..<301 { server = try listener.accept() ?? server }
    #expect(pair.right.pool.usedByteCount <= configuration.bufferBudgetByteCount)
    #expect(try pair.exchange(100_000, from: client, to: try #require(server)) == 100_000)
  }
}
