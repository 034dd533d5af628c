// RFC 5227 and RFC 2131 §4.4 before changing this file.

import Bytes
import EventLoop
import Platform
import Wire

extension Interface {
  /// Begins to get an address.
  func start(_ addressing: Addressing) {
    let now = stack.loop.now
    switch addressing {
    case .none: break
    case .fixed(let address, let network, let gateway):
      configure(address, network, gateway: gateway)
      conflicts = ConflictDetector(
        address: address, hardware: hardware, start: .optimistic, persistence: .keeping,
        random: stack.key().0, at: now)
      advanceConflicts(to: now)
    case .dhcp(let hostName):
      var configuration = DHCPClient.Configuration(
        hardware: hardware, deviceMTU: device.maximumTransmissionUnit)
      configuration.hostName = hostName
      dhcp = DHCPClient(configuration, key: stack.key(), at: now)
    }
    schedule()
    device.notify()
  }

  func configure(_ address: IPv4Address, _ network: IPv4Network, gateway: IPv4Address?) {
    stack.routes.removeAll(on: index)
    self.address = address
    self.network = network
    // A peer's answers to another address would not reach us any more.
    let local = IPv6Address(mapped: address)
    endConnectionsOfIPv4(except: local)
    do throws(RoutingError) {
      try stack.routes.connect(index, address: address, prefixLength: network.prefixLength)
      if let gateway { try stack.routes.setDefaultGateway(gateway, on: index) }
    } catch {
      // Checked by whoever configured: what is left out is a gateway that is not on the link.
      stack.counters.badConfiguration &+= 1
    }
    whenAddressChanges?(.configured(address, network))
  }

  private func endConnectionsOfIPv4(except address: IPv6Address? = nil) {
    for connection in stack.allConnections {
      let local = connection.tuple.local
      if connection.interface === self, local.isMapped, local != address { stack.abort(connection) }
    }
  }

  private func deconfigure(_ event: AddressEvent) {
    stack.routes.removeAll(on: index)
    neighbours.removeAll()
    endConnectionsOfIPv4()
    address = nil
    network = nil
    conflicts = nil
    whenAddressChanges?(event)
  }

  // MARK: Conflicts

  func advanceConflicts(to now: Instant) {
    while let action = conflicts?.advance(to: now) { perform(action) }
  }

  func perform(_ action: ConflictDetector.Action) {
    switch action {
    case .probe(let packet), .announce(let packet): transmit(packet, to: .broadcast)
    case .defend(let packet, let other):
      transmit(packet, to: .broadcast)
      whenAddressChanges?(.defended(other))
    case .use:
      guard isProbingOffer, let actions = dhcp?.addressIsFree(at: stack.loop.now) else { return }
      isProbingOffer = false
      perform(actions)
    case .giveUp(let other):
      guard let actions = dhcp?.addressIsTaken(at: stack.loop.now) else {
        return deconfigure(.conflict(other))
      }
      conflicts = nil
      isProbingOffer = false
      whenAddressChanges?(.conflict(other))
      perform(actions)
    }
  }

  // MARK: DHCP

  func perform(_ actions: [DHCPAction]) {
    for action in actions {
      switch action {
      case .send(let payload, let source, let destination):
        _ = transmitDatagram(
          payload.span.bytes, from: IPv6Address(mapped: source), DHCPClient.clientPort,
          to: IPv6Address(mapped: destination), DHCPClient.serverPort)
      case .probe(let address):
        isProbingOffer = true
        conflicts = ConflictDetector(
          address: address, hardware: hardware, start: .probing, persistence: .yielding,
          random: stack.random(), at: stack.loop.now)
      case .configure(let lease):
        maximumTransmissionUnit = lease.mtu
        if lease.address != address || lease.network != network {
          configure(lease.address, lease.network, gateway: lease.router)
        }
        stack.useNamedResolvers(lease.domainNameServers)
      case .deconfigure: deconfigure(.lost)
      }
    }
  }
}
