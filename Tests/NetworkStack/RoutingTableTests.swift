import Testing
import Wire

@testable import NetworkStack

@Suite struct `A routing table` {
  private static let first = InterfaceIndex(rawValue: 0)
  private static let second = InterfaceIndex(rawValue: 1)
  private static let here = IPv4Address(10, 0, 0, 1)
  private static let gateway = IPv4Address(10, 0, 0, 254)

  /// One interface on 10.0.0.0/24 with a default gateway, one on 10.0.0.0/8.
  private func table() throws -> RoutingTable {
    var table = RoutingTable()
    try table.connect(Self.first, address: Self.here, prefixLength: 24)
    try table.setDefaultGateway(Self.gateway, on: Self.first)
    try table.connect(Self.second, address: IPv4Address(10, 1, 2, 3), prefixLength: 8)
    return table
  }

  @Test func `sends to a neighbour on the link itself`() throws {
    let hop = try table().nextHop(to: IPv4Address(10, 0, 0, 7))
    #expect(
      hop
        == NextHop(
          interface: Self.first, address: IPv4Address(10, 0, 0, 7), source: Self.here, isBroadcast: false))
  }

  @Test func `sends to the default gateway what is on no link`() throws {
    let hop = try table().nextHop(to: IPv4Address(192, 0, 2, 1))
    #expect(
      hop == NextHop(interface: Self.first, address: Self.gateway, source: Self.here, isBroadcast: false))
  }

  @Test func `prefers the longest prefix`() throws {
    var table = try table()
    #expect(table.nextHop(to: IPv4Address(10, 0, 1, 1))?.interface == Self.second)
    try table.add(
      IPv4Network(IPv4Address(10, 0, 1, 0), prefixLength: 24), gateway: Self.gateway, on: Self.first)
    #expect(table.nextHop(to: IPv4Address(10, 0, 1, 1))?.address == Self.gateway)
    #expect(table.nextHop(to: IPv4Address(10, 0, 2, 1))?.interface == Self.second)
  }

  @Test func `prefers the older of two routes with the same prefix`() throws {
    var table = try table()
    try table.setDefaultGateway(IPv4Address(10, 9, 9, 9), on: Self.second)
    #expect(table.nextHop(to: IPv4Address(192, 0, 2, 1))?.interface == Self.first)
    table.removeAll(on: Self.first)
    let hop = table.nextHop(to: IPv4Address(192, 0, 2, 1))
    #expect(hop?.interface == Self.second && hop?.address == IPv4Address(10, 9, 9, 9))
  }

  @Test func `has a default gateway for each interface`() throws {
    var table = try table()
    try table.setDefaultGateway(IPv4Address(10, 9, 9, 9), on: Self.second)
    let there = IPv4Address(192, 0, 2, 1)
    #expect(table.nextHop(to: there, on: Self.first)?.address == Self.gateway)
    #expect(table.nextHop(to: there, on: Self.second)?.address == IPv4Address(10, 9, 9, 9))
  }

  @Test func `replaces the default gateway of an interface`() throws {
    var table = try table()
    let count = table.routes.count
    try table.setDefaultGateway(IPv4Address(10, 0, 0, 253), on: Self.first)
    #expect(table.nextHop(to: IPv4Address(192, 0, 2, 1))?.address == IPv4Address(10, 0, 0, 253))
    #expect(table.routes.count == count)
  }

  @Test func `knows no way without a default gateway`() throws {
    var table = RoutingTable()
    #expect(table.nextHop(to: Self.here) == nil)
    try table.connect(Self.first, address: Self.here, prefixLength: 24)
    #expect(table.nextHop(to: IPv4Address(192, 0, 2, 1)) == nil)
    #expect(table.nextHop(to: .unspecified) == nil)
  }

  @Test func `knows broadcasts of its links and none of networks of two addresses`() throws {
    var table = try table()
    let third = InterfaceIndex(rawValue: 2)
    try table.connect(third, address: IPv4Address(192, 0, 2, 0), prefixLength: 31)
    #expect(table.nextHop(to: IPv4Address(10, 0, 0, 255))?.isBroadcast == true)
    #expect(table.nextHop(to: IPv4Address(192, 0, 2, 1))?.isBroadcast == false)
    #expect(table.isBroadcast(IPv4Address(10, 0, 0, 255), on: Self.first))
    #expect(!table.isBroadcast(IPv4Address(10, 0, 0, 255), on: Self.second))
    #expect(table.isBroadcast(.broadcast, on: third))
    #expect(!table.isBroadcast(IPv4Address(192, 0, 2, 1), on: third))
  }

  @Test func `sends limited broadcasts and multicasts by the interface that is named`() throws {
    let table = try table()
    #expect(table.nextHop(to: .broadcast) == nil)
    let hop = table.nextHop(to: .broadcast, on: Self.second)
    #expect(hop?.isBroadcast == true && hop?.source == IPv4Address(10, 1, 2, 3))
    let group = IPv4Address(224, 0, 0, 251)
    #expect(table.nextHop(to: group, on: Self.first)?.address == group)
  }

  @Test func `reaches a gateway outside the prefix once it is said to be on the link`() throws {
    var table = RoutingTable()
    let gateway = IPv4Address(10, 128, 0, 1)
    try table.connect(Self.first, address: IPv4Address(10, 128, 0, 9), prefixLength: 32)
    #expect(throws: RoutingError.gatewayOffLink) { try table.setDefaultGateway(gateway, on: Self.first) }
    try table.add(IPv4Network(gateway, prefixLength: 32), gateway: nil, on: Self.first)
    try table.setDefaultGateway(gateway, on: Self.first)
    let hop = table.nextHop(to: IPv4Address(192, 0, 2, 1))
    #expect(hop?.address == gateway && hop?.source == IPv4Address(10, 128, 0, 9))
  }

  @Test(arguments: [
    IPv4Address.unspecified, .broadcast, IPv4Address(224, 0, 0, 1), IPv4Address(240, 0, 0, 1),
    IPv4Address(10, 0, 0, 0), IPv4Address(10, 0, 0, 255),
  ]) func `refuses an address that no host can have`(address: IPv4Address) throws {
    var table = RoutingTable()
    #expect(throws: RoutingError.notAHost) {
      try table.connect(Self.first, address: address, prefixLength: 24)
    }
    try table.connect(Self.first, address: Self.here, prefixLength: 24)
    #expect(throws: (any Error).self) { try table.setDefaultGateway(address, on: Self.first) }
  }

  @Test func `refuses a route by an interface without an address`() {
    var table = RoutingTable()
    #expect(throws: RoutingError.noAddress) { try table.setDefaultGateway(Self.gateway, on: Self.first) }
  }

  @Test func `refuses a route beyond its limit and still replaces one`() throws {
    var table = try table()
    for index in 0..<RoutingTable.maximumRouteCount - 3 {
      let network = IPv4Network(IPv4Address(172, 16, UInt8(index), 0), prefixLength: 24)
      try table.add(network, gateway: Self.gateway, on: Self.first)
    }
    let network = IPv4Network(IPv4Address(172, 17, 0, 0), prefixLength: 24)
    #expect(throws: RoutingError.full) { try table.add(network, gateway: Self.gateway, on: Self.first) }
    try table.setDefaultGateway(IPv4Address(10, 0, 0, 253), on: Self.first)
    #expect(table.routes.count == RoutingTable.maximumRouteCount)
  }
}
