import Testing
import Wire

@Suite struct AddressTests {
  @Test func `an Ethernet address is read as it is written`() {
    let address = EthernetAddress("02:00:5e:aB:cd:0f")
    #expect(address == EthernetAddress(2, 0, 0x5e, 0xab, 0xcd, 0x0f))
    #expect(address?.description == "02:00:5e:ab:cd:0f")
    #expect(EthernetAddress.broadcast.description == "ff:ff:ff:ff:ff:ff")
  }

  @Test(arguments: [
    "", "02:00:5e:ab:cd", "02:00:5e:ab:cd:0", "02:00:5e:ab:cd:0g", "02-00-5e-ab-cd-0f",
    "02:00:5e:ab:cd:0f:", "02:00:5e:ab:cd:0f:11", "0200:5e:ab:cd:0f:",
  ])
  func `what is no Ethernet address is refused`(text: String) { #expect(EthernetAddress(text) == nil) }

  @Test func `groups and single interfaces are told apart`() {
    #expect(EthernetAddress.broadcast.isMulticast && EthernetAddress.broadcast.isBroadcast)
    #expect(EthernetAddress(1, 0, 0x5e, 0, 0, 1).isMulticast)
    #expect(EthernetAddress(2, 0, 0, 0, 0, 1).isUnicast)
    #expect(!EthernetAddress.zero.isUnicast && !EthernetAddress.zero.isMulticast)
  }

  @Test(arguments: ["0.0.0.0", "10.77.0.1", "255.255.255.255", "192.0.2.9"])
  func `an IPv4 address is read as it is written`(text: String) {
    #expect(IPv4Address(text)?.description == text)
  }

  @Test(arguments: ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..2.3", "1.2.3.4 ", "+1.2.3.4", "a"])
  func `what is no IPv4 address is refused`(text: String) { #expect(IPv4Address(text) == nil) }

  @Test func `kinds of IPv4 addresses are told apart`() {
    #expect(IPv4Address(224, 0, 0, 1).isMulticast && !IPv4Address(223, 0, 0, 1).isMulticast)
    #expect(IPv4Address.loopback.isLoopback && IPv4Address(169, 254, 1, 1).isLinkLocal)
    #expect(IPv4Address.broadcast.isBroadcast && IPv4Address.unspecified.isUnspecified)
  }

  @Test func `a network knows its hosts, mask and broadcast address`() {
    let network = IPv4Network(IPv4Address(10, 77, 3, 9), prefixLength: 23)
    #expect(network.description == "10.77.2.0/23")
    #expect(network.mask == IPv4Address(255, 255, 254, 0))
    #expect(network.broadcast == IPv4Address(10, 77, 3, 255))
    #expect(network.contains(IPv4Address(10, 77, 2, 1)) && !network.contains(IPv4Address(10, 77, 4, 1)))
    #expect(IPv4Network(IPv4Address(10, 77, 3, 9), mask: IPv4Address(255, 255, 254, 0)) == network)
    #expect(IPv4Network(.loopback, mask: IPv4Address(255, 0, 255, 0)) == nil)
    #expect(IPv4Network(.loopback, prefixLength: 0).contains(.broadcast))
    #expect(IPv4Network(.loopback, prefixLength: 32).broadcast == .loopback)
  }

  @Test func `sequence numbers compare around the end of their range`() {
    let last = SequenceNumber(.max)
    #expect(last < last + 1 && last + 1 > last && last <= last && last >= last)
    #expect((last + 1).rawValue == 0 && (last + 1) - last == 1 && last - (last + 1) == -1)
    #expect((SequenceNumber(0) - 1) == last)
    #expect(SequenceNumber(5).isIn(windowFrom: last, count: 7))
    #expect(!SequenceNumber(5).isIn(windowFrom: last, count: 6))
    #expect(!last.isIn(windowFrom: last, count: 0))
    #expect(!(last - 1).isIn(windowFrom: last, count: 65_535))
  }
}
