// RFC 1122 §3.3.1 and §3.3.4, and RFC 4632 before changing this file.

import Wire

/// Which of a stack's interfaces.
struct InterfaceIndex: Hashable, Sendable {
  /// Its place among the stack's interfaces.
  let rawValue: Int
}

/// Where the packets to a network go.
struct Route: Equatable, Sendable {
  /// The network.
  let network: IPv4Network
  /// The router on the link; nil when the network is on the link itself.
  let gateway: IPv4Address?
  /// The interface that leads there.
  let interface: InterfaceIndex
  /// Our address on that link.
  let source: IPv4Address

  /// Whether `address` means everybody on this link. Networks of one or two addresses have none that does (RFC 3021).
  fileprivate func broadcasts(_ address: IPv4Address) -> Bool {
    gateway == nil && network.prefixLength <= 30 && network.broadcast == address
  }
}

/// Where a packet goes next.
struct NextHop: Equatable, Sendable {
  /// The interface to send by.
  let interface: InterfaceIndex
  /// The neighbour whose hardware address is needed: a router, or the destination itself.
  let address: IPv4Address
  /// The source address of a packet whose sender named none (RFC 1122 §3.3.4.3).
  let source: IPv4Address
  /// Whether the packet is for everybody on the link, so that no neighbour is to be resolved.
  let isBroadcast: Bool
}

/// Why a route is not taken.
enum RoutingError: Error, Equatable {
  /// There are `RoutingTable.maximumRouteCount` routes.
  case full
  /// No host can have that address.
  case notAHost
  /// The gateway is in no network that the interface is connected to.
  case gatewayOffLink
  /// The interface has no address.
  case noAddress
}

/// Which interface and which neighbour a packet goes to: the networks that the interfaces are connected to, routes by
/// gateways, and a default gateway for each interface. The longest prefix decides, then who was added first.
///
/// Cost of a lookup: 69 instructions when the second route matches. Allocates only when routes change.
/// (`valgrind --tool=callgrind`, release, 2026-11-25, Swift 6.3.1.)
struct RoutingTable {
  /// Routes at most; more are refused.
  static let maximumRouteCount = 32

  /// All routes: longest prefix first, older first among equals.
  private(set) var routes: [Route] = []

  /// Connects an interface to the network of its `address`. Several networks on one interface are possible, with one
  /// address in each. When an address changes, `removeAll` comes first, as routes keep theirs. Refuses `notAHost` and
  /// `full`.
  mutating func connect(
    _ interface: InterfaceIndex, address: IPv4Address, prefixLength: Int
  ) throws(RoutingError) {
    let network = IPv4Network(address, prefixLength: prefixLength)
    guard address.isHost, network.mayHold(host: address) else { throw .notAHost }
    try insert(Route(network: network, gateway: nil, interface: interface, source: address))
  }

  /// Adds a route to a network by a router, or by none: for what is on the link without sharing our prefix, such as
  /// the router of an interface with a prefix of 32. Refuses `noAddress`, `gatewayOffLink`, `notAHost`, `full`.
  mutating func add(
    _ network: IPv4Network, gateway: IPv4Address?, on interface: InterfaceIndex
  ) throws(RoutingError) {
    guard let first = link(of: interface) else { throw .noAddress }
    var source = first.source
    if let gateway {
      guard gateway.isHost else { throw .notAHost }
      guard let link = link(of: interface, holding: gateway) else { throw .gatewayOffLink }
      guard link.network.mayHold(host: gateway) else { throw .notAHost }
      source = link.source
    }
    try insert(Route(network: network, gateway: gateway, interface: interface, source: source))
  }

  /// Sets or replaces the default gateway of an interface. Errors as of `add`.
  mutating func setDefaultGateway(_ gateway: IPv4Address, on interface: InterfaceIndex) throws(RoutingError) {
    try add(IPv4Network(.unspecified, prefixLength: 0), gateway: gateway, on: interface)
  }

  /// Forgets all routes of an interface: it went down, or lost its address.
  @inline(never)
  mutating func removeAll(on interface: InterfaceIndex) {
    for index in routes.indices.reversed() where routes[index].interface == interface {
      routes.remove(at: index)
    }
  }

  /// Puts a route behind those with the same or a longer prefix, or in the place of one to the same network.
  private mutating func insert(_ route: Route) throws(RoutingError) {
    let same = routes.firstIndex { $0.network == route.network && $0.interface == route.interface }
    if let same {
      routes[same] = route
      return
    }
    guard routes.count < Self.maximumRouteCount else { throw .full }
    let place = routes.firstIndex { $0.network.prefixLength < route.network.prefixLength }
    routes.insert(route, at: place ?? routes.count)
  }

  /// The route to a network that the interface is connected to: the first, or the first that holds `address`; nil when
  /// there is none.
  @inline(never)
  private func link(of interface: InterfaceIndex, holding address: IPv4Address? = nil) -> Route? {
    for route in routes where route.interface == interface && route.gateway == nil {
      if let address, !route.network.contains(address) { continue }
      return route
    }
    return nil
  }

  /// The next hop towards `destination`, nil when there is no way. With an `interface`, only its routes count: for
  /// answers from an address of that interface (the strong model of RFC 1122 §3.3.4.2). Broadcasts to
  /// 255.255.255.255 and multicasts need it, and reach its link.
  @inline(never)
  func nextHop(to destination: IPv4Address, on interface: InterfaceIndex? = nil) -> NextHop? {
    if destination.isBroadcast || destination.isMulticast {
      guard let interface, let link = link(of: interface) else { return nil }
      return NextHop(
        interface: interface, address: destination, source: link.source,
        isBroadcast: destination.isBroadcast)
    }
    guard !destination.isUnspecified else { return nil }
    for route in routes where route.network.contains(destination) {
      if let interface, route.interface != interface { continue }
      return NextHop(
        interface: route.interface, address: route.gateway ?? destination, source: route.source,
        isBroadcast: route.broadcasts(destination))
    }
    return nil
  }

  /// Whether `address` means everybody on the link of `interface`: 255.255.255.255, or the broadcast address of a
  /// network that it is connected to (RFC 1122 §3.3.6).
  func isBroadcast(_ address: IPv4Address, on interface: InterfaceIndex) -> Bool {
    if address.isBroadcast { return true }
    for route in routes where route.interface == interface {
      if route.broadcasts(address) { return true }
    }
    return false
  }
}
