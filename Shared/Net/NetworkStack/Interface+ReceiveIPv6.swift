// RFC 8200 §4, RFC 4443 §2.4 and RFC 4861 §7.2 before changing this file.

import Bytes
import EventLoop
import Platform
import TCP
import Wire

extension Interface {
  /// Takes an IPv6 packet and hands its content on, as `receive` does one of IPv4.
  func receive(_ packet: borrowing IPv6Packet, isLinkGroup: Bool, checksumIsTrusted: Bool) {
    stack.counters.packetsOfIPv6 &+= 1
    let source = packet.source
    // An IPv4 address in the form for programs stands in no packet (RFC 4291 §2.5.5.2; draft-itojun-v6ops-v4mapped-harmful).
    let isOurs = has(packet.destination) && !packet.destination.isMapped
    guard isOurs || listens(to: packet.destination) else {
      stack.counters.notForUs &+= 1
      return
    }
    // Who has no address yet asks who has it, or for routers. Nobody else can have ours ("land"); neighbour discovery
    // looks for itself.
    let mayBeOdd = packet.protocol == .icmpv6
    guard source.isHost || source.isUnspecified && mayBeOdd, mayBeOdd || !has(source) else {
      stack.counters.badSource &+= 1
      return
    }
    let isForGroup = isLinkGroup || !isOurs
    guard packet.problem == nil, packet.isFragment else {
      return dispatch(packet, isForGroup: isForGroup, checksumIsTrusted: checksumIsTrusted)
    }
    let whole = reassembler.insert(Fragment(packet), isLinkGroup: isForGroup, at: stack.loop.now)
    schedule()
    guard let whole else { return }
    do throws(WireError) {
      // The checksum of a fragment is nobody's; that of the whole is verified.
      try whole.withIPv6Packet { dispatch($0, isForGroup: whole.isLinkGroup, checksumIsTrusted: false) }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  private func dispatch(_ packet: borrowing IPv6Packet, isForGroup: Bool, checksumIsTrusted: Bool) {
    if let problem = packet.problem {
      return sendError(
        .parameterProblem(code: problem.code, pointer: problem.pointer), about: packet,
        isForGroup: isForGroup && !problem.isToldAboutGroups)
    }
    switch packet.protocol {
    case .tcp:
      guard !isForGroup else {
        stack.counters.notForUs &+= 1
        return
      }
      stack.receiveTCP(
        packet.payload, from: packet.source, to: packet.destination,
        checksum: checksumIsTrusted ? .trusted : .verify(pseudoHeader: packet.pseudoHeader), on: self)
    case .udp: receiveUDP(packet, isForGroup: isForGroup, checksumIsTrusted: checksumIsTrusted)
    case .icmpv6: receiveICMP(packet, isForGroup: isForGroup)
    case .nothing: break
    default:
      stack.counters.unknownProtocol &+= 1
      sendError(
        .parameterProblem(
          code: ICMPv6Kind.Problem.nextHeader, pointer: UInt32(packet.protocolByteOffset)), about: packet,
        isForGroup: isForGroup)
    }
  }

  private func receiveUDP(_ packet: borrowing IPv6Packet, isForGroup: Bool, checksumIsTrusted: Bool) {
    do throws(WireError) {
      let datagram = try UDPDatagram(
        validating: packet.payload,
        checksum: checksumIsTrusted ? .trusted : .verify(pseudoHeader: packet.pseudoHeader),
        mustHaveChecksum: true)
      if !stack.receiveDatagram(datagram, from: packet.source, on: self) {
        sendError(
          .destinationUnreachable(code: ICMPv6Kind.Unreachable.port), about: packet, isForGroup: isForGroup)
      }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  // MARK: ICMPv6

  private func receiveICMP(_ packet: borrowing IPv6Packet, isForGroup: Bool) {
    do throws(WireError) {
      let message = try ICMPv6Message(
        validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
      stack.counters.icmpReceived &+= 1
      switch message.type {
      case NDPType.neighbourSolicitation, NDPType.neighbourAdvertisement:
        return receive(try NeighbourMessage(validating: message, in: packet))
      case NDPType.routerAdvertisement:
        return receive(try RouterAdvertisement(validating: message, in: packet))
      case Self.groupQueryType:
        return receiveGroupQuery(message, from: packet.source, hopLimit: packet.hopLimit)
      default: break
      }
      guard packet.source.isHost, !has(packet.source) else {
        stack.counters.badSource &+= 1
        return
      }
      switch message.kind {
      case .echoRequest(let identifier, let sequence):
        // An answer to a group's question may be left out, and is, as it amplifies attacks.
        guard !isForGroup else { return }
        guard stack.icmp.takeEcho(at: stack.loop.now) else {
          stack.counters.icmpLimited &+= 1
          return
        }
        let isSent = transmitICMP(
          .echoReply(identifier: identifier, sequence: sequence), from: packet.destination,
          to: packet.source, payload: message.payload)
        if isSent { stack.counters.echoesAnswered &+= 1 }
      case .destinationUnreachable(let code):
        let isHard =
          code == ICMPv6Kind.Unreachable.port || code == ICMPv6Kind.Unreachable.administrativelyProhibited
        stack.receiveUndelivered(
          isHard ? .refused : .unreachable, ofIPv6: true,
          quoting: try QuotedPacket(validating: message.payload), on: self)
      case .packetTooBig(let mtu):
        stack.receiveUndelivered(
          .tooBig(mtu: Int(mtu)), ofIPv6: true, quoting: try QuotedPacket(validating: message.payload),
          on: self)
      case .parameterProblem(let code, _):
        // The peer does not speak the protocol (§3.4).
        stack.receiveUndelivered(
          code == ICMPv6Kind.Problem.nextHeader ? .refused : .unreachable, ofIPv6: true,
          quoting: try QuotedPacket(validating: message.payload), on: self)
      default: break
      }
    } catch {
      stack.counters.countMalformed(error)
    }
  }

  /// Sends an ICMP error about a packet that arrived, if one may be sent (§2.4 e).
  func sendError(_ kind: ICMPv6Kind, about packet: borrowing IPv6Packet, isForGroup: Bool) {
    guard !isForGroup, packet.source.isHost, !has(packet.source) else { return }
    if packet.protocol == .icmpv6 {
      // None about an error or a redirect, nor about what cannot be told from one.
      guard packet.payload.byteCount > 0 else { return }
      let type = packet.payload.byte(at: 0)
      if type < 128 || type == NDPType.redirect { return }
    }
    guard let source = has(packet.destination) ? packet.destination : sourceOfIPv6(for: packet.source) else {
      return
    }
    guard stack.icmp.takeError(at: stack.loop.now) else {
      stack.counters.icmpLimited &+= 1
      return
    }
    // As much as fits into the smallest MTU (§2.4 c).
    let room =
      IPv6Packet.minimumMTU - IPv6Packet.minimumHeaderByteCount - ICMPv6Message.headerByteCount
    let isSent = transmitICMP(
      kind, from: source, to: packet.source,
      payload: packet.wholePacket.extracting(0..<min(packet.totalByteCount, room)))
    if isSent { stack.counters.icmpErrorsSent &+= 1 }
  }
}
