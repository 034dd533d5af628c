import Testing
import Wire

@Suite struct IPv6AddressTests {
  @Test func `kinds of addresses are told apart`() {
    func address(_ text: String) -> IPv6Address { IPv6Address(text)! }
    #expect(IPv6Address.unspecified.isUnspecified && !IPv6Address.loopback.isUnspecified)
    #expect(IPv6Address.loopback.isLoopback && address("::1") == .loopback)
    #expect(
      address("fe80::1").isLinkLocal && address("febf::1").isLinkLocal && !address("fec0::1").isLinkLocal)
    #expect(
      address("fc00::1").isUniqueLocal && address("fdff::").isUniqueLocal && !address("fe00::").isUniqueLocal)
    #expect(address("ff02::1") == .allNodes && address("ff02::2") == .allRouters)
    #expect(IPv6Address.allNodes.isMulticast && !address("feff::").isMulticast)
    #expect(address("2001:db8::1").isHost && address("fe80::1").isHost)
    for text in ["::", "::1", "ff02::1", "::ffff:10.0.0.1"] { #expect(!address(text).isHost) }
    #expect(address("::ffff:10.0.0.1").mapped == IPv4Address(10, 0, 0, 1))
    #expect(address("::fffe:10.0.0.1").mapped == nil && address("1::ffff:a00:1").mapped == nil)
  }

  @Test func `whoever has an address listens to the group of its last 24 bits`() {
    let group = IPv6Address("4037::1:800:200e:8c6c")!.solicitedNode
    #expect(group == IPv6Address("ff02::1:ff0e:8c6c")!)
    #expect(EthernetAddress(group: group) == EthernetAddress(0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c))
  }

  @Test(arguments: [0, 1, 10, 48, 63, 64, 65, 96, 127, 128])
  func `a network holds the addresses with its prefix`(length: Int) {
    let address = IPv6Address("2001:db8:1234:5678:9abc:def0:1234:5678")!
    let network = IPv6Network(address, prefixLength: length)
    #expect(network.contains(address) && network.contains(network.address))
    guard length > 0 else { return }
    let bit = UInt64(length - 1) % 64
    let mask: UInt64 = 1 << (63 - bit)
    let outside =
      length > 64
      ? IPv6Address(high: address.high, low: address.low ^ mask)
      : IPv6Address(high: address.high ^ mask, low: address.low)
    #expect(!network.contains(outside))
  }

  @Test func `a network is written with its prefix, and makes addresses`() {
    let network = IPv6Network(IPv6Address("2001:db8:0:7::9")!, prefixLength: 64)
    #expect(network.description == "2001:db8:0:7::/64")
    #expect(IPv6Address(network, interfaceIdentifier: 5).description == "2001:db8:0:7::5")
    #expect(IPv6Network.linkLocal.contains(IPv6Address("fe80::9")!))
    #expect(!IPv6Network.linkLocal.contains(IPv6Address("fe80:0:0:1::9")!))
  }
}
