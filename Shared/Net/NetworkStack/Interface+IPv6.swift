// RFC 4861 §5.2 and §6.3, and RFC 4862 before changing this file.

import Bytes
import EventLoop
import Platform
import Wire

extension Interface {
  /// What identifiers are made with beside network and hardware address. Nothing is kept over a start here that a
  /// secret could be kept with, and a server is to be found again (RFC 7217 §5 would have it secret).
  private static let identifierKey: (UInt64, UInt64) = (0x736f_756b_2069_7076, 0x3620_6964_656e_7469)

  /// Begins to take part in IPv6. Does nothing on a link that is too small for it (RFC 8200 §5).
  func start(_ addressing: IPv6Addressing) {
    guard device.maximumTransmissionUnit >= IPv6Packet.minimumMTU else {
      stack.counters.badConfiguration &+= 1
      return
    }
    let now = stack.loop.now
    var obeysRouters = false
    if case .automatic = addressing { obeysRouters = true }
    autoconfiguration = Autoconfiguration(
      Autoconfiguration.Configuration(
        hardware: hardware, deviceMTU: device.maximumTransmissionUnit, identifierKey: Self.identifierKey,
        obeysRouters: obeysRouters), key: stack.key(), at: now)
    if case .fixed(let address, let network, let gateway) = addressing {
      autoconfiguration?.add(address, in: network, gateway: gateway, at: now)
    }
    perform(autoconfiguration?.advance(to: now) ?? [])
    schedule()
    device.notify()
  }

  func perform(_ actions: [IPv6Action]) {
    // First, or nobody's answer to a probe would come through.
    if !actions.isEmpty { reportChangedGroups() }
    for action in actions {
      switch action {
      case .send(let message): transmitNDP(message)
      case .solicit(let question):
        transmitNDP(to: EthernetAddress(group: .allRouters)) { question.writePacket(into: &$0) }
      case .configure(let address):
        repeatGroups()
        whenAddressChanges?(.configuredIPv6(address))
      case .deconfigure(let address):
        for connection in stack.allConnections {
          if connection.interface === self, connection.tuple.local == address { stack.abort(connection) }
        }
        whenAddressChanges?(.lostIPv6(address))
      case .duplicate(let address): whenAddressChanges?(.duplicateIPv6(address))
      case .limitPackets(let byteCount): maximumTransmissionUnitOfIPv6 = byteCount
      case .useResolvers: stack.useRouterResolvers(autoconfiguration?.namedResolvers ?? [])
      }
    }
  }

  // MARK: Questions

  /// Our IPv6 addresses that can be used, the link-local one first.
  public var ipv6Addresses: [IPv6Address] {
    autoconfiguration?.addresses.filter { $0.isAssigned }.map { $0.address } ?? []
  }

  /// Whether we have an address that means something beyond the link.
  var reachesIPv6: Bool { ipv6Addresses.contains { !$0.isLinkLocal } }

  func listens(to group: IPv6Address) -> Bool { autoconfiguration?.listens(to: group) ?? false }
  func nextHopOfIPv6(to destination: IPv6Address) -> IPv6Address? {
    autoconfiguration?.nextHop(to: destination)
  }
  func sourceOfIPv6(for destination: IPv6Address) -> IPv6Address? {
    autoconfiguration?.source(for: destination)
  }
  func isOnLinkIPv6(_ address: IPv6Address) -> Bool { autoconfiguration?.isOnLink(address) ?? false }

  // MARK: Routers and neighbours

  func receive(_ advertisement: borrowing RouterAdvertisement) {
    let now = stack.loop.now
    perform(autoconfiguration?.receive(advertisement, at: now) ?? [])
    if let router = advertisement.hardware {
      transmitHeld(neighbours.receive(router: advertisement.source, hardware: router, at: now), to: router)
    }
    schedule()
  }

  func receive(_ message: NeighbourMessage) {
    let now = stack.loop.now
    perform(autoconfiguration?.receive(message, at: now) ?? [])
    let isQuestion = message.kind == .solicitation
    let isAboutUs = has(message.target)
    // Who has no address tells nothing about itself, and what others say about ours is not believed.
    if isQuestion ? !message.isProbe : !isAboutUs {
      let isForUs = isQuestion ? isAboutUs : has(message.destination)
      let packets = neighbours.receive(
        message, isForUs: isForUs, isOnLink: isOnLinkIPv6(message.source), at: now)
      if let neighbour = message.hardware { transmitHeld(packets, to: neighbour) }
    }
    if let answer = autoconfiguration?.answer(to: message), answers.take(at: now) {
      if !answer.destination.isMulticast, let asker = message.hardware {
        transmitNDP(to: asker) { answer.writePacket(into: &$0) }
      } else {
        transmitNDP(answer)
      }
    }
    schedule()
  }

  /// Sends a message of neighbour discovery, to a group or to a neighbour whose hardware address is known.
  func transmitNDP(_ message: NeighbourMessage) {
    let destination = message.destination
    if destination.isMulticast {
      transmitNDP(to: EthernetAddress(group: destination)) { message.writePacket(into: &$0) }
    } else if case .known(let neighbour) = neighbours.lookupSlowly(destination, at: stack.loop.now) {
      transmitNDP(to: neighbour) { message.writePacket(into: &$0) }
    }
  }

  /// Asks `neighbour`, or the group that `address` listens to, for the hardware address of `address`.
  func askIPv6(for address: IPv6Address, of neighbour: EthernetAddress?) {
    guard let source = sourceOfIPv6(for: address) else { return }
    var question = NeighbourMessage.question(about: address, from: source, hardware: hardware)
    guard let neighbour else { return transmitNDP(question) }
    question.destination = address
    transmitNDP(to: neighbour) { [question] in question.writePacket(into: &$0) }
  }
}
