import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `An address of the signature` {
  @Test func `is the same address of the wire, both ways`() {
    #expect(IPv4Address(IPAddress.v4(0x0a00_0001)) == IPv4Address(10, 0, 0, 1))
    #expect(IPAddress(IPv4Address(10, 0, 0, 1)) == .v4(0x0a00_0001))
    #expect(IPv4Address(IPAddress.v6(0, 1)) == nil)
  }
}
