import Bytes
import NetworkSimulation
import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Connecting to a name` {
  private static let nobody6 = IPAddress.v6(0xfd00 << 48, 99)

  /// Two stacks, of which the right one is a DNS server that knows these addresses of `shop.test`, too.
  private func pair(
    _ ipv6: [IPAddress], _ ipv4: [IPAddress], family: Family = .ipv6, server: IPAddress? = nil
  ) throws -> StackPair {
    let pair = StackPair(family: family)
    let socket = try pair.right.bind(port: DNSResolver.serverPort)
    socket.handler = { [unowned socket] payload, source, port in
      guard let message = try? DNSMessage(validating: payload) else { return }
      var questions = message.questions
      guard let question = questions.next() else { return }
      let known = question.type == .aaaa ? ipv6 : ipv4
      var header = DNSHeader(id: message.id)
      header.isResponse = true
      header.recursionAvailable = true
      header.answerCount = UInt16(known.count)
      if ipv6.isEmpty && ipv4.isEmpty { header.responseCode = .nameError }
      let name = question.name.text
      var buffer = ByteBuffer()
      buffer.withFreeRoom(atLeast: 512) { room in
        header.write(into: &room)
        // The question as it was asked, letters' case included.
        room.append(contentsOf: payload.extracting(12..<payload.byteCount))
        for address in known {
          switch address {
          case .v4(let value):
            try? DNSWriter.record(name, timeToLiveSeconds: 60, IPv4Address(rawValue: value), into: &room)
          case .v6(let high, let low):
            try? DNSWriter.record(
              name, timeToLiveSeconds: 60, IPv6Address(high: high, low: low), into: &room)
          }
        }
      }
      try? socket.send(buffer.array().span.bytes, to: Endpoint(IPAddress(source), port: port))
    }
    // The handler holds the socket, and the stack closes it.
    pair.kept.append(socket)
    pair.left.useResolvers([server ?? pair.endpoint(53).address])
    return pair
  }

  private func connect(_ pair: StackPair, port: UInt16 = 80) throws -> (IPAddress?, Duration) {
    let listener = try pair.right.listen(on: Endpoint(.v6(0, 0), port: 80))
    defer { listener.close() }
    let began = pair.loop.now
    let peer = pair.perform { [pair] in
      try? await pair.left.connect(to: "shop.test", port: port, until: pair.loop.now + .seconds(20)).peer
        .address
    }
    return (peer ?? nil, pair.loop.now - began)
  }

  private static let right4 = IPAddress(StackPair.rightAddress)
  private static let right6 = IPAddress(StackPair.rightAddress6)

  @Test func `prefers IPv6 and asks a server over either family`() throws {
    for server in [Self.right4, Self.right6] {
      let (peer, time) = try connect(try pair([Self.right6], [Self.right4], server: server))
      #expect(peer == Self.right6 && time < .milliseconds(50))
    }
  }

  @Test func `takes IPv4 after a quarter of a second when nobody answers over IPv6`() throws {
    let (peer, time) = try connect(try pair([Self.nobody6], [Self.right4]))
    #expect(peer == Self.right4 && time >= .milliseconds(250) && time < .milliseconds(300))
  }

  @Test func `takes IPv4 at once when there is no other, or we have no other`() throws {
    #expect(try connect(try pair([], [Self.right4])).0 == Self.right4)
    #expect(try connect(try pair([Self.right6], [Self.right4], family: .ipv4)).0 == Self.right4)
  }

  @Test func `is unreachable when there is no such name, and refused when everybody refuses`() throws {
    for (ipv6, port, expected) in [
      ([], 80, NetworkError.unreachable), ([Self.right6], 81, .refused),
    ] as [([IPAddress], UInt16, NetworkError)] {
      let pair = try pair(ipv6, ipv6.isEmpty ? [] : [Self.right4])
      let error = pair.perform { [pair] in
        await failure { () async throws(NetworkError) in
          _ = try await pair.left.connect(to: "shop.test", port: port, until: .never)
        }
      }
      #expect(error == expected)
      #expect(pair.left.connectionCount == 0 && pair.left.resolver?.lookups.isEmpty != false)
    }
  }

  @Test func `gives up at the deadline and leaves nothing`() throws {
    let pair = try pair([Self.nobody6], [])
    let deadline = pair.loop.now + .milliseconds(700)
    let error = pair.perform { [pair] in
      await failure { () async throws(NetworkError) in
        _ = try await pair.left.connect(to: "shop.test", port: 80, until: deadline)
      }
    }
    #expect(error == .timedOut && pair.left.connectionCount == 0)
    #expect(pair.loop.now >= deadline && pair.loop.now - deadline < .milliseconds(10))
  }

  @Test func `an address as text needs no server`() throws {
    let pair = StackPair(family: .ipv6)
    for (text, address) in [("fd00::2", Self.right6), ("10.0.0.2", Self.right4)] {
      let listener = try pair.right.listen(on: Endpoint(.v6(0, 0), port: 80))
      let peer = pair.perform { [pair] in
        try? await pair.left.connect(to: text, port: 80, until: .never).peer.address
      }
      #expect(peer == address)
      listener.close()
    }
  }
}
