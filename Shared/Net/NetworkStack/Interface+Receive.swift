// RFC 1122 §3.2 and §3.3.6, and RFC 826 before changing this file.

import Bytes
import EventLoop
import Platform
import TCP
import Wire

extension Interface {
  /// Takes a frame apart and hands its content on. What is wrong with it is counted, and that is all.
  func receive(_ bytes: RawSpan, checksumIsTrusted: Bool) {
    do throws(WireError) {
      let frame = try EthernetFrame(validating: bytes)
      guard frame.destination == hardware || frame.destination.isMulticast else {
        stack.counters.notForUs &+= 1
        return
      }
      switch frame.type {
      case .ipv4:
        let packet = try IPv4Packet(validating: frame.payload)
        receive(packet, isLinkGroup: frame.destination.isMulticast, checksumIsTrusted: checksumIsTrusted)
      case .ipv6 where autoconfiguration != nil:
        let packet = try IPv6Packet(validating: frame.payload)
        receive(packet, isLinkGroup: frame.destination.isMulticast, checksumIsTrusted: checksumIsTrusted)
      case .arp: receive(try ARPPacket(validating: frame.payload))
      default: stack.counters.unknownProtocol &+= 1
      }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  // MARK: ARP

  private func receive(_ packet: ARPPacket) {
    let now = stack.loop.now
    if let action = conflicts?.receive(packet, at: now) { perform(action) }
    // Before we have an address, nobody can be our neighbour.
    guard let address, let network else { return schedule() }
    let held = neighbours.receive(packet, ours: address, in: network, at: now)
    transmitHeld(held, to: packet.senderHardware)
    if packet.operation == .request, packet.target == address, packet.senderHardware != hardware {
      transmit(
        ARPPacket(
          operation: .reply, senderHardware: hardware, sender: address,
          targetHardware: packet.senderHardware, target: packet.sender),
        to: packet.senderHardware)
    }
    schedule()
  }

  // MARK: IPv4

  private func receive(_ packet: borrowing IPv4Packet, isLinkGroup: Bool, checksumIsTrusted: Bool) {
    stack.counters.packetsOfIPv4 &+= 1
    let source = packet.source
    let destination = packet.destination
    var scope = PacketScope.unicast
    scope.isLinkGroup = isLinkGroup
    if destination != address {
      // An answer of DHCP may come to the address it offers, before that is ours (RFC 2131 §4.1).
      let isForUnconfigured = address == nil && dhcp != nil && packet.protocol == .udp
      scope.isBroadcastDestination = stack.routes.isBroadcast(destination, on: index)
      guard scope.isBroadcastDestination || destination.isBroadcast || isForUnconfigured else {
        stack.counters.notForUs &+= 1
        return
      }
    }
    scope.isBroadcastSource = stack.routes.isBroadcast(source, on: index)
    // A source that is no host, or that is ourselves, cannot have come from the link (RFC 1122 §3.2.1.3; "land").
    let mayBeUnspecified = source.isUnspecified && packet.protocol == .udp
    guard source.isHost || mayBeUnspecified, !source.isLoopback, source != address, !scope.isBroadcastSource
    else {
      stack.counters.badSource &+= 1
      return
    }
    if packet.isFragment {
      let whole = reassembler.insert(Fragment(packet), isLinkGroup: isLinkGroup, at: stack.loop.now)
      schedule()
      guard let whole else { return }
      scope.isLinkGroup = whole.isLinkGroup
      // The checksum of a fragment is nobody's; that of the whole is verified.
      whole.withPacket { dispatch($0, scope: scope, checksumIsTrusted: false) }
    } else {
      dispatch(packet, scope: scope, checksumIsTrusted: checksumIsTrusted)
    }
  }

  private func dispatch(_ packet: borrowing IPv4Packet, scope: PacketScope, checksumIsTrusted: Bool) {
    switch packet.protocol {
    case .tcp:
      // TCP is between two hosts (RFC 9293 §3.9.2.3).
      guard packet.destination == address, !scope.isLinkGroup else {
        stack.counters.notForUs &+= 1
        return
      }
      stack.receiveTCP(
        packet.payload, from: IPv6Address(mapped: packet.source), to: IPv6Address(mapped: packet.destination),
        checksum: checksumIsTrusted ? .trusted : .verify(pseudoHeader: packet.pseudoHeader), on: self)
    case .udp: receiveUDP(packet, scope: scope, checksumIsTrusted: checksumIsTrusted)
    case .icmp: receiveICMP(packet, scope: scope)
    default:
      stack.counters.unknownProtocol &+= 1
      sendError(
        .destinationUnreachable(code: ICMPv4Kind.Unreachable.protocol, nextHopMTU: 0), about: packet,
        scope: scope)
    }
  }

  private func receiveUDP(_ packet: borrowing IPv4Packet, scope: PacketScope, checksumIsTrusted: Bool) {
    do throws(WireError) {
      let datagram = try UDPDatagram(
        validating: packet.payload,
        checksum: checksumIsTrusted ? .trusted : .verify(pseudoHeader: packet.pseudoHeader))
      if datagram.destinationPort == DHCPClient.clientPort,
        let actions = dhcp?.receive(datagram.payload, at: stack.loop.now)
      {
        perform(actions)
        return schedule()
      }
      let isForSomebody = stack.receiveDatagram(
        datagram, from: IPv6Address(mapped: packet.source), on: self)
      if !isForSomebody {
        sendError(
          .destinationUnreachable(code: ICMPv4Kind.Unreachable.port, nextHopMTU: 0), about: packet,
          scope: scope)
      }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  // MARK: ICMP

  private func receiveICMP(_ packet: borrowing IPv4Packet, scope: PacketScope) {
    do throws(WireError) {
      let message = try ICMPv4Message(validating: packet.payload)
      stack.counters.icmpReceived &+= 1
      switch message.kind {
      case .echoRequest(let identifier, let sequence):
        switch stack.icmp.echo(to: packet, scope: scope, at: stack.loop.now) {
        case .echo:
          let isSent = transmitICMP(
            .echoReply(identifier: identifier, sequence: sequence), to: packet.source,
            payload: message.payload)
          if isSent { stack.counters.echoesAnswered &+= 1 }
        case .silent(.rateLimited): stack.counters.icmpLimited &+= 1
        case .silent, .quote: break
        }
      case .destinationUnreachable(ICMPv4Kind.Unreachable.fragmentationNeeded, let nextHopMTU):
        stack.receiveUndelivered(
          .tooBig(mtu: Int(nextHopMTU)), ofIPv6: false,
          quoting: try QuotedPacket(validating: message.payload),
          on: self)
      case .destinationUnreachable(let code, _):
        let isHard =
          code == ICMPv4Kind.Unreachable.port || code == ICMPv4Kind.Unreachable.protocol
          || code == ICMPv4Kind.Unreachable.administrativelyProhibited
        stack.receiveUndelivered(
          isHard ? .refused : .unreachable, ofIPv6: false,
          quoting: try QuotedPacket(validating: message.payload), on: self)
      default: break
      }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  /// Sends an ICMP error about a packet that arrived, if one may be sent.
  func sendError(_ kind: ICMPv4Kind, about packet: borrowing IPv4Packet, scope: PacketScope) {
    switch stack.icmp.error(about: packet, scope: scope, at: stack.loop.now) {
    case .quote(let byteCount):
      let isSent = transmitICMP(
        kind, to: packet.source, payload: packet.wholePacket.extracting(0..<byteCount))
      if isSent { stack.counters.icmpErrorsSent &+= 1 }
    case .silent(.rateLimited): stack.counters.icmpLimited &+= 1
    case .silent, .echo: break
    }
  }
}
