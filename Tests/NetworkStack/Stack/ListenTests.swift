import NetworkSimulation
import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Listening for both families` {
  private static let high: UInt64 = 0xfd00 << 48

  @Test func `on every address of both is not possible beside one that has the port, nor the other way`()
    throws
  {
    let pair = StackPair()
    let everywhere = Endpoint(.v6(0, 0), port: 80)
    for address in [IPAddress.any, IPAddress(StackPair.rightAddress), .v6(Self.high, 2), .v6(0, 0)] {
      for (first, second) in [
        (everywhere, Endpoint(address, port: 80)), (Endpoint(address, port: 80), everywhere),
      ] {
        let listener = try pair.right.listen(on: first)
        #expect(throws: NetworkError.addressInUse) { _ = try pair.right.listen(on: second) }
        listener.close()
      }
    }
  }

  @Test func `on every IPv4 address leaves the port of IPv6 to others`() throws {
    let pair = StackPair()
    let first = try pair.right.listen(on: Endpoint(.any, port: 80))
    let second = try pair.right.listen(on: Endpoint(.v6(Self.high, 2), port: 80))
    #expect(first.endpoint.address == .any && second.endpoint.address == .v6(Self.high, 2))
  }

  @Test(arguments: Family.allCases)
  func `on every address of both takes connections of either`(family: Family) throws {
    let pair = StackPair(family: .ipv6)
    let listener = try pair.right.listen(on: Endpoint(.v6(0, 0), port: 80))
    let host =
      family == .ipv4 ? IPAddress(StackPair.rightAddress) : IPAddress(StackPair.rightAddress6)
    let client = try pair.left.open(to: Endpoint(host, port: 80))
    pair.run()
    let server = try #require(try listener.accept())
    #expect(client.isConnected && client.peer.address == host)
    let left = family == .ipv4 ? IPAddress(StackPair.leftAddress) : IPAddress(StackPair.leftAddress6)
    #expect(server.peer == Endpoint(left, port: client.local.port))
  }

  @Test func `on every IPv4 address does not take connections of IPv6`() {
    let pair = StackPair(family: .ipv6)
    let listener = try? pair.right.listen(on: Endpoint(.any, port: 80))
    let error = pair.perform { [pair] in
      await failure { () async throws(NetworkError) in
        _ = try await pair.left.connect(to: pair.endpoint(80), until: .never)
      }
    }
    #expect(error == .refused && listener != nil)
  }
}
