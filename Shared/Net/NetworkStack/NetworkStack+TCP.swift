// RFC 9293 §3.10.7 before changing this file.

import Bytes
import EventLoop
import Platform
import TCP
import Wire

/// What an ICMP error of either family says about a packet of ours.
enum PacketFate: Equatable, Sendable {
  /// It will not be otherwise soon: nobody listens, or somebody forbids it.
  case refused
  /// It was not delivered this time.
  case unreachable
  /// It was larger than this, or than who says so tells (0).
  case tooBig(mtu: Int)
}

extension NetworkStack {
  /// Segments that one connection sends before the others get their turn.
  static let maximumSegmentsAtOnce = 256

  // MARK: Out

  /// Sends what `connection` has to send.
  func transmit(_ connection: StackConnection) {
    let now = loop.now
    let interface = connection.interface
    let tuple = connection.tuple
    let largeByteCount =
      tuple.remote.isMapped ? interface.largeByteCount : interface.largeByteCountOfIPv6
    for _ in 0..<Self.maximumSegmentsAtOnce {
      guard let segment = connection.connection.nextSegment(at: now, largeByteCount: largeByteCount) else {
        connection.connection.settle(at: now)
        connection.schedule()
        return
      }
      let sent = connection.connection.withPayload(of: segment) { payload, tail in
        interface.transmit(
          segment.header, from: tuple.local, to: tuple.remote, payload: payload, tail,
          segmentByteCount: segment.segmentByteCount)
      }
      switch sent {
      case .taken: connection.connection.didSend(segment, at: now)
      case .deferred:
        connection.schedule()
        if connection.stack != nil { transmitLater(connection) }
        return
      case .unreachable:
        // As if it were lost: the timer tries again, and gives up when it has tried long enough.
        connection.connection.didSend(segment, at: now)
        if connection.connection.state == .synSent {
          let events = connection.connection.receiveError(
            quoting: segment.header.sequenceNumber, isHard: false)
          handle(events, of: connection)
        }
      }
    }
    connection.schedule()
    guard connection.stack != nil else { return }
    // The loop must not wait for an event before it goes on.
    transmitLater(connection)
    hasWork = true
  }

  // MARK: In

  /// Takes the payload of a packet from `remote` to `local`, an address of ours.
  func receiveTCP(
    _ payload: RawSpan, from remote: IPv6Address, to local: IPv6Address, checksum: ChecksumCheck,
    on interface: Interface
  ) {
    do throws(WireError) {
      let segment = try TCPSegment(validating: payload, checksum: checksum)
      let tuple = FourTuple(
        local: local, remote: remote, localPort: segment.destinationPort, remotePort: segment.sourcePort)
      if let connection = connection(of: tuple) {
        let events = connection.connection.receive(segment, at: loop.now)
        if events.contains(.answerReset) { reset(segment, of: tuple, on: interface) }
        handle(events, of: connection)
        if connection.stack != nil { transmitLater(connection) }
      } else if let answer = timeWaits.receive(segment, of: tuple, at: loop.now) {
        switch answer {
        case .drop: break
        case .send(let header): interface.transmitReply(header, from: local, to: remote)
        case .reopen: open(segment, of: tuple, on: interface)
        }
      } else {
        open(segment, of: tuple, on: interface)
      }
    } catch {
      counters.countMalformed(error)
    }
  }

  /// A segment of no connection: a SYN may begin one, anything else is answered with RST.
  private func open(_ segment: borrowing TCPSegment, of tuple: FourTuple, on interface: Interface) {
    let flags = segment.flags
    guard let listener = listener(for: tuple.local, tuple.localPort) else {
      counters.closedPort &+= 1
      return reset(segment, of: tuple, on: interface)
    }
    // In LISTEN (§3.10.7.2): RST is ignored, ACK is answered with RST, and only SYN alone is taken.
    if flags.contains(.rst) { return }
    if flags.contains(.ack) {
      if cookies.areAwaited(at: loop.now), !flags.contains(.syn) {
        return openByCookie(segment, of: tuple, on: interface, for: listener)
      }
      return reset(segment, of: tuple, on: interface)
    }
    guard flags.contains(.syn), !flags.contains(.fin) else {
      tcpCounters.droppedBadFlags &+= 1
      return
    }
    guard listener.hasRoom(configuration) else {
      counters.listenOverflow &+= 1
      return
    }
    // Without a place, too, a cookie: anybody may have sent a SYN, so nobody makes room for one.
    guard listener.mayBeginHandshake(configuration), let admitted = admit() else {
      return answerByCookie(segment, of: tuple, on: interface)
    }
    let connection = Connection(
      accepting: segment, as: identity(tuple, on: interface), configuration: configuration.tcp,
      counters: tcpCounters, pool: pool, at: loop.now)
    let opened = StackConnection(
      tuple, stack: self, interface: interface, admittedByteCount: admitted, connection: connection)
    begin(opened, of: listener)
    transmitLater(opened)
  }

  /// Remembers a handshake of `listener`.
  func begin(_ connection: StackConnection, of listener: StackListener) {
    connection.listener = listener
    listener.beginHandshake()
    connections[connection.tuple] = connection
  }

  private func reset(_ segment: borrowing TCPSegment, of tuple: FourTuple, on interface: Interface) {
    guard let header = TCPHeader(resetting: segment) else { return }
    guard resets.take(at: loop.now) else {
      counters.icmpLimited &+= 1
      return
    }
    tcpCounters.resetsSent &+= 1
    interface.transmitReply(header, from: tuple.local, to: tuple.remote)
  }

  /// Sets aside what one more connection needs; nil when there is no place or no memory for it. One that this side opens
  /// may come from the pool's reserve.
  @inline(never)
  func admit(fromReserve: Bool = false) -> Int? {
    let byteCount = Connection.admissionByteCount(configuration.tcp)
    guard connections.count < configuration.maximumConnectionCount,
      pool.admit(byteCount, fromReserve: fromReserve)
    else {
      counters.connectionLimit &+= 1
      return nil
    }
    return byteCount
  }

  /// The same for a peer that has proved its address: an orphan gives its place, or whoever accepts is told to make one.
  func admitProved() -> Int? {
    if let admitted = admit() { return admitted }
    if endOrphan(), let admitted = admit() { return admitted }
    for reference in listeners { reference.object.foundNoPlace() }
    return nil
  }

  /// Ends a connection that its program has let go of, if there is one; best one of which all has arrived.
  private func endOrphan() -> Bool {
    var found: StackConnection?
    connections.forEach { _, connection in
      // One that is to send something keeps its memory until it has.
      guard connection.connection.isOrphan, !connection.isPending else { return }
      if found == nil || connection.connection.state == .finWait2 { found = connection }
    }
    guard let found else { return false }
    abort(found)
    return true
  }

  func identity(_ tuple: FourTuple, on interface: Interface) -> Connection.Identity {
    let (local, remote) = (tuple.local, tuple.remote)
    let ports = (tuple.localPort, tuple.remotePort)
    return Connection.Identity(
      localPort: tuple.localPort, remotePort: tuple.remotePort,
      initialSendNumber: initialNumbers.next(local: local, remote: remote, ports: ports, at: loop.now),
      timestampOffset: initialNumbers.timestampOffset(local: local, remote: remote, ports: ports),
      segmentByteCount: interface.maximumTransmissionUnit(to: remote) - TCPSegment.minimumHeaderByteCount
        - (local.isMapped ? IPv4Packet.minimumHeaderByteCount : IPv6Packet.minimumHeaderByteCount))
  }

  private func listener(for address: IPv6Address, _ port: UInt16) -> StackListener? {
    for reference in listeners where reference.object.endpoint.port == port {
      if Self.covers(reference.object.address, address) { return reference.object }
    }
    return nil
  }

  // MARK: ICMP

  /// The least MTU that a router is believed to mean (RFC 5927 §7.2; RFC 1191 §3 allows 68): what Linux believes.
  private static let minimumPathMTU = 552

  /// A router or the peer says that a packet of ours could not be delivered (RFC 1122 §4.2.3.9).
  /// The quote of another family than the message is nobody's, nor is one of addresses that no packet has.
  func receiveUndelivered(
    _ fate: PacketFate, ofIPv6: Bool, quoting quoted: borrowing QuotedPacket, on interface: Interface
  ) {
    guard !quoted.isLaterFragment, quoted.isIPv6 == ofIPv6, quoted.source.isMapped != ofIPv6,
      quoted.destination.isMapped != ofIPv6
    else { return }
    let tuple = FourTuple(
      local: quoted.source, remote: quoted.destination, localPort: quoted.sourcePort,
      remotePort: quoted.destinationPort)
    if quoted.protocol == .tcp {
      if case .tooBig(let mtu) = fate {
        // An IPv6 path takes 1,280 bytes whatever a router says (RFC 8201 §4).
        let (least, ip) =
          ofIPv6
          ? (IPv6Packet.minimumMTU, IPv6Packet.minimumHeaderByteCount)
          : (Self.minimumPathMTU, IPv4Packet.minimumHeaderByteCount)
        return receiveTooBig(
          tuple, quoting: quoted.sequenceNumber,
          segmentByteCount: max(mtu, least) - ip - TCPSegment.minimumHeaderByteCount)
      }
      guard let connection = connections[tuple] else { return }
      handle(
        connection.connection.receiveError(quoting: quoted.sequenceNumber, isHard: fate == .refused),
        of: connection)
    } else if quoted.protocol == .udp, interface.has(tuple.local), tuple.remotePort == DNSResolver.serverPort
    {
      nameService?.cannotReach(tuple.remote, tuple.localPort)
    }
  }

  /// A packet of ours found no neighbour.
  func receiveUndelivered(_ packet: RawSpan, on interface: Interface) {
    do throws(WireError) {
      let quoted = try QuotedPacket(validating: packet)
      receiveUndelivered(.unreachable, ofIPv6: quoted.isIPv6, quoting: quoted, on: interface)
    } catch {
      // Too short to tell whose it was.
    }
  }
}
