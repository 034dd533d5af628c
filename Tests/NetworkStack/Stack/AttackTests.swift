import Bytes
import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Attacks on a stack` {
  @Test func `a peer that takes nothing is given up when its orphan has waited long enough`() throws {
    var configuration = StackConfiguration()
    configuration.tcp.initialReceiveWindowByteCount = 8 << 10
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let clients = try (0..<50).map { _ in try pair.left.open(to: pair.endpoint(80)) }
    // Only some SYNs waited for the peer's hardware address; the others come again.
    pair.run(for: .seconds(2))
    let bytes = [UInt8](repeating: 1, count: 40 << 10)
    for _ in clients {
      let server = try #require(try listener.accept())
      _ = try server.send(bytes.span.bytes)
      server.close()
    }
    pair.run(for: .seconds(10))
    #expect(pair.right.connectionCount == 50)
    // The clients are there and answer every probe, and read nothing.
    pair.run(for: .seconds(180))
    #expect(pair.right.connectionCount == 0)
    #expect(pair.right.pool.committedByteCount == 0)
    for client in clients { client.abort() }
  }

  @Test func `segments that guess a connection do not disturb it`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    var numbers = SplitMix64(seed: 2)
    let kinds: [TCPFlags] = [
      .rst, [.rst, .ack], .syn, [.syn, .ack], [.fin, .ack], .ack, [.fin, .psh, .urg], [],
    ]
    for index in 0..<800 {
      pair.sendSegment(
        kinds[index % kinds.count], from: client.local.port, source: StackPair.leftAddress,
        number: UInt32(truncatingIfNeeded: numbers.next()),
        acknowledgement: UInt32(truncatingIfNeeded: numbers.next()))
    }
    try client.say("undisturbed")
    pair.run(for: .seconds(1))
    #expect(try server.hear() == "undisturbed")
    // Each is answered by a challenge at most, and those have a budget.
    #expect(pair.right.tcpCounters.segmentsSent < 100)
  }

  @Test func `ten thousand idle connections cost what a connection is, and no queue`() throws {
    var configuration = StackConfiguration()
    configuration.maximumBacklogCount = 12_000
    configuration.maximumHandshakeCount = 12_000
    let pair = StackPair(configuration)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    var clients: [StackStream] = []
    for _ in 0..<100 {
      for _ in 0..<100 { clients.append(try pair.left.open(to: pair.endpoint(80))) }
      pair.run(for: .milliseconds(5))
    }
    pair.run(for: .seconds(3))
    #expect(pair.right.connectionCount == 10_000)
    #expect(pair.right.pool.usedByteCount == 0)
    #expect(pair.right.pool.committedByteCount <= pair.right.pool.budgetByteCount)
    #expect(clients.allSatisfy { $0.isConnected })
    #expect(MemoryLayout<Connection>.size < 1_024)
    listener.close()
    pair.run(for: .seconds(3))
    #expect(pair.right.connectionCount == 0)
    #expect(pair.right.pool.committedByteCount == 0)
  }

  @Test
  func `a connection in TIME-WAIT is not ended by RST, and gives way to a newer SYN (RFC 1337, RFC 6191)`()
    throws
  {
    let pair = StackPair()
    let listener = try pair.leaveInTimeWait(from: 1_000)
    #expect(pair.right.timeWaitCount == 1)
    var numbers = SplitMix64(seed: 4)
    for flags in [TCPFlags.rst, [.rst, .ack], .ack, [.syn, .ack], []] {
      for _ in 0..<50 {
        pair.sendSegment(
          flags, from: 1_000, source: StackPair.leftAddress,
          number: UInt32(truncatingIfNeeded: numbers.next()),
          acknowledgement: UInt32(truncatingIfNeeded: numbers.next()))
      }
    }
    #expect(pair.right.timeWaitCount == 1)
    // The same ports again: the timestamp of the SYN is newer.
    let again = try pair.left.open(to: pair.endpoint(80), localPort: 1_000)
    pair.run(for: .milliseconds(5))
    #expect(again.isConnected && pair.right.timeWaitCount == 0)
    listener.close()
  }

  @Test func `land and xmas are counted, and answered with no more than one segment each`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    pair.introduceStranger()
    pair.sendSegment(.syn, from: 80, source: StackPair.rightAddress)
    #expect(pair.right.counters.badSource == 1)
    pair.sendSegment([.fin, .psh, .urg], from: 1_000)
    pair.sendSegment([], from: 1_000)
    pair.sendSegment([.syn, .fin], from: 1_000)
    #expect(pair.right.tcpCounters.droppedBadFlags == 3)
    pair.sendSegment([.fin, .psh, .urg], from: 1_000, to: 81)
    pair.run()
    #expect(pair.right.connectionCount == 0)
    #expect(pair.heardPackets(.tcp) { $0.totalByteCount }.count == 1)
    listener.close()
  }

  @Test func `floods of ARP and of fragments fill their tables, and no more`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    for index in 0..<2_000 {
      let packet = ARPPacket(
        operation: .request, senderHardware: EthernetAddress(rawValue: 0x0200_0001_0000 + UInt64(index)),
        sender: IPv4Address(10, 0, 0, UInt8(10 + index % 240)), targetHardware: .zero,
        target: StackPair.rightAddress)
      pair.say(.arp, to: .broadcast) { packet.write(into: &$0) }
      var ip = IPv4Header(
        source: IPv4Address(10, 0, UInt8(index % 250), 9), destination: StackPair.rightAddress,
        protocol: .udp, payloadByteCount: 1_000)
      ip.dontFragment = false
      ip.identification = UInt16(index)
      ip.moreFragments = true
      pair.say(.ipv4, to: pair.rightInterface.hardware) { output in
        ip.write(into: &output)
        for _ in 0..<1_000 { output.append(UInt8(0)) }
      }
      pair.run(for: .microseconds(100))
    }
    #expect(pair.rightInterface.neighbours.count <= NeighbourCache.maximumCount)
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    #expect(client.isConnected)
    #expect(try listener.accept() != nil)
  }

  @Test func `echo requests beyond the rate are counted, not answered`() throws {
    let pair = StackPair()
    pair.introduceStranger()
    for index in 0..<300 {
      pair.say(.icmp, byteCount: 8) { _, output in
        ICMPv4Kind.echoRequest(identifier: 1, sequence: UInt16(index)).write(into: &output) { _ in }
      }
    }
    pair.run(for: .milliseconds(1))
    #expect(pair.right.counters.icmpReceived == 300)
    #expect(pair.right.counters.echoesAnswered + pair.right.counters.icmpLimited == 300)
    #expect(pair.right.counters.icmpLimited > 90)
  }

  @Test func `an ICMP error about a datagram to somebody else does not pass a name server over`() throws {
    let pair = StackPair()
    pair.introduceStranger()
    let server = IPv4Address(10, 0, 0, 77)
    pair.right.useResolvers([IPAddress(server)])
    pair.loop.spawn { _ = try? await pair.right.resolve("souk.example", until: .never) }
    pair.run(for: .milliseconds(1))
    let port = try #require(pair.right.resolver?.sockets.first?.port)
    pair.sendUnreachable(quotingFrom: port, to: StackPair.strangerAddress)
    #expect(pair.right.resolver?.sockets.first?.port == port)
    pair.sendUnreachable(quotingFrom: port, to: server)
    #expect(pair.right.resolver?.sockets.first?.port != port)
  }
}

extension StackPair {
  /// A segment by hand to the right stack, from whomever.
  func sendSegment(
    _ flags: TCPFlags, from port: UInt16, source: IPv4Address = strangerAddress,
    to destinationPort: UInt16 = 80,
    number: UInt32 = 1, acknowledgement: UInt32 = 0, runs: Bool = true
  ) {
    let header = TCPHeader(
      sourcePort: port, destinationPort: destinationPort, sequenceNumber: SequenceNumber(number),
      acknowledgementNumber: SequenceNumber(acknowledgement), flags: flags, window: 1_000)
    say(.tcp, byteCount: header.byteCount, from: source) { ip, output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader))
    }
    if runs { run(for: .microseconds(100)) }
  }

  /// The stranger's claim that a datagram of the right stack to port 53 of `server` found no port.
  func sendUnreachable(quotingFrom port: UInt16, to server: IPv4Address) {
    let quoted = IPv4Header(
      source: Self.rightAddress, destination: server, protocol: .udp, payloadByteCount: 8)
    let datagram = UDPHeader(sourcePort: port, destinationPort: 53)
    say(.icmp, byteCount: 8 + 28) { _, output in
      ICMPv4Kind.destinationUnreachable(code: ICMPv4Kind.Unreachable.port, nextHopMTU: 0)
        .write(into: &output) {
          quoted.write(into: &$0)
          datagram.write(into: &$0, seal: .full(pseudoHeader: quoted.pseudoHeader)) { _ in }
        }
    }
    run(for: .milliseconds(1))
  }
}
