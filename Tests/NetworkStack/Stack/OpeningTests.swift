import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Opening a connection` {
  @Test func `at both ends at once makes one connection (RFC 9293 §3.5, figure 7)`() throws {
    let pair = StackPair()
    let left = try pair.left.open(to: pair.endpoint(2_000), localPort: 1_000)
    let right = try pair.right.open(
      to: Endpoint(IPAddress(StackPair.leftAddress), port: 1_000), localPort: 2_000)
    pair.run()
    #expect(left.isConnected && right.isConnected)
    #expect(pair.left.connectionCount == 1 && pair.right.connectionCount == 1)
    try left.say("from the left")
    try right.say("from the right")
    pair.run()
    #expect(try left.hear() == "from the right")
    #expect(try right.hear() == "from the left")
    // Both close at once, too (figure 13): both wait, and nothing else is left.
    left.close()
    right.close()
    pair.run()
    #expect(pair.left.connectionCount == 0 && pair.right.connectionCount == 0)
    #expect(pair.left.timeWaitCount == 1 && pair.right.timeWaitCount == 1)
    #expect(pair.left.pool.usedByteCount == 0 && pair.right.pool.usedByteCount == 0)
  }

  @Test func `from a port that is taken is refused, from one in TIME-WAIT only for a second`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let first = try pair.left.open(to: pair.endpoint(80), localPort: 1_000)
    #expect(throws: NetworkError.addressInUse) {
      _ = try pair.left.open(to: pair.endpoint(80), localPort: 1_000)
    }
    pair.run()
    let server = try #require(try listener.accept())
    first.close()
    pair.run(for: .milliseconds(5))
    server.close()
    pair.run(for: .milliseconds(5))
    #expect(pair.left.timeWaitCount == 1)
    #expect(throws: NetworkError.addressInUse) {
      _ = try pair.left.open(to: pair.endpoint(80), localPort: 1_000)
    }
    pair.run(for: .seconds(1))
    let second = try pair.left.open(to: pair.endpoint(80), localPort: 1_000)
    pair.run()
    #expect(second.isConnected)
    #expect(pair.left.timeWaitCount == 0)
  }

  @Test func `goes by the interface that leads there, and by the gateway of one for all else`() throws {
    let pair = StackPair()
    let extra = pair.wire.attach(hardwareAddress: 0x0200_0000_0011)
    let network = IPv4Network(IPv4Address(10, 0, 1, 0), prefixLength: 24)
    let second = pair.left.attach(
      extra,
      addressing: .fixed(
        address: IPv4Address(10, 0, 1, 1), network: network, gateway: IPv4Address(10, 0, 1, 254)))
    extra.whenReady = { _ = second.poll() }
    let near = try pair.left.open(to: pair.endpoint(80))
    let other = try pair.left.open(to: Endpoint(IPAddress(IPv4Address(10, 0, 1, 7)), port: 80))
    let far = try pair.left.open(to: Endpoint(IPAddress(IPv4Address(192, 0, 2, 1)), port: 80))
    #expect(near.local.address == IPAddress(StackPair.leftAddress))
    #expect(other.local.address == .v4(0x0a00_0101))
    #expect(far.local.address == .v4(0x0a00_0101))
    pair.run(for: .milliseconds(1))
    #expect(pair.heardARP.contains { $0.target == IPv4Address(10, 0, 1, 254) && $0.operation == .request })
    #expect(!pair.heardARP.contains { $0.target == IPv4Address(192, 0, 2, 1) })
  }
}
