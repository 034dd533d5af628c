import Platform
import Wire

extension NetworkStack {
  /// Opens a UDP port on every address of ours; 0 takes a free one. Port 68 belongs to DHCP.
  public func bind(port wanted: UInt16 = 0) throws(NetworkError) -> UDPSocket {
    var port = wanted
    if port == 0 {
      // Not to be foreseen (RFC 6056 §3.3.1), and at most so many tries.
      for _ in 0..<64 where port == 0 {
        let span = UInt64(EphemeralPorts.range.count)
        let candidate = EphemeralPorts.range.lowerBound + UInt16(random() % span)
        if socket(candidate) == nil { port = candidate }
      }
      guard port != 0 else { throw .exhausted }
    }
    guard socket(port) == nil, port != DHCPClient.clientPort else { throw .addressInUse }
    let socket = UDPSocket(port, stack: self)
    sockets.append(socket.reference)
    return socket
  }

  private func socket(_ port: UInt16) -> SocketReference? { sockets.first { $0.port == port } }

  func closeSocket(_ port: UInt16) {
    if let index = sockets.firstIndex(where: { $0.port == port }) { sockets.remove(at: index) }
  }

  /// A datagram arrived; false when its port is nobody's.
  func receiveDatagram(_ datagram: borrowing UDPDatagram, from source: IPv6Address, on interface: Interface)
    -> Bool
  {
    guard let socket = socket(datagram.destinationPort) else {
      counters.datagramsToNobody &+= 1
      return false
    }
    let limit = configuration.maximumDatagramQueueByteCount
    if socket.take(datagram.payload, source, datagram.sourcePort, limit) {
      counters.datagramsReceived &+= 1
    } else {
      counters.datagramsOverflow &+= 1
    }
    return true
  }

  func sendDatagram(_ payload: RawSpan, from port: UInt16, to endpoint: Endpoint) throws(NetworkError) {
    let remote = IPv6Address(endpoint.address)
    guard let (interface, local) = wayOfDatagram(to: remote) else { throw .unreachable }
    let room =
      interface.maximumTransmissionUnit(to: remote) - UDPDatagram.headerByteCount
      - (remote.isMapped ? IPv4Packet.minimumHeaderByteCount : IPv6Packet.minimumHeaderByteCount)
    guard payload.byteCount <= room else { throw .exhausted }
    guard interface.transmitDatagram(payload, from: local, port, to: remote, endpoint.port) else {
      throw .unreachable
    }
    counters.datagramsSent &+= 1
  }

  /// As `way`, also to several hosts.
  private func wayOfDatagram(to remote: IPv6Address) -> (interface: Interface, local: IPv6Address)? {
    guard let mapped = remote.mapped else {
      guard remote.isMulticast else { return way(to: remote) }
      for interface in interfaces {
        if let source = interface.sourceOfIPv6(for: remote) { return (interface, source) }
      }
      return nil
    }
    let broadcast = mapped.isBroadcast ? interfaces.first { $0.address != nil } : nil
    guard let hop = routes.nextHop(to: mapped, on: broadcast?.index) else { return nil }
    return (interfaces[hop.interface.rawValue], IPv6Address(mapped: hop.source))
  }
}
