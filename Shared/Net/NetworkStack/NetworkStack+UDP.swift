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
    sockets.append(SocketReference(object: socket))
    return socket
  }

  private func socket(_ port: UInt16) -> UDPSocket? {
    for reference in sockets where reference.object.port == port { return reference.object }
    return nil
  }

  func closeSocket(_ socket: UDPSocket) { sockets.removeAll { $0.object === socket } }

  /// A datagram arrived; false when its port is nobody's.
  func receiveDatagram(_ datagram: borrowing UDPDatagram, from source: IPv6Address, on interface: Interface)
    -> Bool
  {
    guard let socket = socket(datagram.destinationPort) else {
      counters.datagramsToNobody &+= 1
      return false
    }
    let limit = configuration.maximumDatagramQueueByteCount
    if socket.take(datagram.payload, from: source, datagram.sourcePort, limit: limit) {
      counters.datagramsReceived &+= 1
    } else {
      counters.datagramsOverflow &+= 1
    }
    return true
  }

  func sendDatagram(_ payload: RawSpan, from port: UInt16, to endpoint: Endpoint) throws(NetworkError) {
    guard let remote = IPv4Address(endpoint.address) else { throw .unreachable }
    let broadcast = remote.isBroadcast ? interfaces.first { $0.address != nil } : nil
    guard let hop = routes.nextHop(to: remote, on: broadcast?.index) else { throw .unreachable }
    let interface = interfaces[hop.interface.rawValue]
    let room =
      interface.maximumTransmissionUnit - IPv4Packet.minimumHeaderByteCount - UDPDatagram.headerByteCount
    guard payload.byteCount <= room else { throw .exhausted }
    guard interface.transmitDatagram(payload, from: hop.source, port, to: remote, endpoint.port) else {
      throw .unreachable
    }
    counters.datagramsSent &+= 1
  }
}
