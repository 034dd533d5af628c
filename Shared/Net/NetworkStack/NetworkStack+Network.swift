import Bytes
import EventLoop
import Platform
import TCP
import Wire
import _Concurrency

extension NetworkStack {
  /// Listens on an address of ours, on `.any` for every IPv4 address, or on `.v6(0, 0)` for every address of both
  /// families, as Linux does with `bindv6only=0`. Port 0 takes a free one.
  public func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener {
    var endpoint = endpoint
    if endpoint.port == 0 {
      let free = EphemeralPorts.range.first { port in
        !listeners.contains { $0.object.endpoint.port == port }
      }
      guard let port = free else { throw .exhausted }
      endpoint.port = port
    }
    let address = IPv6Address(endpoint.address)
    for reference in listeners where reference.object.endpoint.port == endpoint.port {
      let other = reference.object.address
      if Self.covers(other, address) || Self.covers(address, other) { throw .addressInUse }
    }
    let listener = StackListener(endpoint, stack: self)
    listeners.append(ListenerReference(object: listener))
    return listener
  }

  /// Whether who listens on `wanted` is meant by `address`: the same, or one of those that it stands for.
  static func covers(_ wanted: IPv6Address, _ address: IPv6Address) -> Bool {
    if wanted == address { return true }
    guard wanted.high == 0 else { return false }
    return wanted.low == 0 || wanted == IPv6Address(mapped: .unspecified) && address.mapped != nil
  }

  /// `listener` takes no more connections; its handshakes end.
  func stopListening(_ listener: StackListener) {
    if let index = listeners.firstIndex(where: { $0.object === listener }) { listeners.remove(at: index) }
    for connection in allConnections where connection.listener === listener { abort(connection) }
  }

  /// Begins to open a connection and returns at once: `send` takes nothing until it is established, and everything
  /// throws once it has failed. The local port is one that nobody can foresee, or `localPort`; `addressInUse` when that
  /// is taken.
  public func open(to endpoint: Endpoint, localPort: UInt16? = nil) throws(NetworkError) -> StackStream {
    let remote = IPv6Address(endpoint.address)
    guard endpoint.port != 0, let (interface, local) = way(to: remote), !interface.has(remote) else {
      throw .unreachable
    }
    let tuple: FourTuple
    if let localPort {
      tuple = FourTuple(local: local, remote: remote, localPort: localPort, remotePort: endpoint.port)
      guard localPort != 0, isFree(tuple) else { throw .addressInUse }
    } else if let free = freeTuple(from: local, to: remote, port: endpoint.port) {
      tuple = free
    } else {
      throw .exhausted
    }
    // Answering those who are here may take it.
    guard let admitted = admit(fromReserve: true) else { throw .exhausted }
    var identity = identity(tuple, on: interface)
    if let wait = timeWaits[tuple] {
      identity.initialSendNumber = wait.successor(at: loop.now) ?? identity.initialSendNumber
      timeWaits.forget(tuple)
    }
    let connection = Connection(
      opening: identity, configuration: configuration.tcp, counters: tcpCounters, pool: pool, at: loop.now)
    let opened = StackConnection(
      tuple, stack: self, interface: interface, admittedByteCount: admitted, connection: connection)
    connections[tuple] = opened
    transmitLater(opened)
    return StackStream(opened)
  }

  /// The interface that leads to a host, and our address there; nil when there is no way.
  func way(to remote: IPv6Address) -> (interface: Interface, local: IPv6Address)? {
    if let remote = remote.mapped {
      guard remote.isHost, !remote.isLoopback, let hop = routes.nextHop(to: remote), !hop.isBroadcast else {
        return nil
      }
      return (interfaces[hop.interface.rawValue], IPv6Address(mapped: hop.source))
    }
    guard remote.isHost else { return nil }
    // Who is on the link is nearer than any router.
    for isOnLink in [true, false] {
      for interface in interfaces where !isOnLink || interface.isOnLinkIPv6(remote) {
        guard interface.nextHopOfIPv6(to: remote) != nil, let source = interface.sourceOfIPv6(for: remote)
        else { continue }
        return (interface, source)
      }
    }
    return nil
  }

  /// A connection's name that nobody has; when all are taken, one of a connection in TIME-WAIT that may have a
  /// successor, so that no number of connections to one peer is too many.
  private func freeTuple(from local: IPv6Address, to remote: IPv6Address, port: UInt16) -> FourTuple? {
    func tuple(_ localPort: UInt16) -> FourTuple {
      FourTuple(local: local, remote: remote, localPort: localPort, remotePort: port)
    }
    for mayFollow in [false, true] {
      let free = ports.next(from: local, to: remote, port: port) { isFree(tuple($0), mayFollow: mayFollow) }
      if let free { return tuple(free) }
    }
    return nil
  }

  /// Whether a connection of this name may begin; `mayFollow` says whether also as a successor.
  @inline(never)
  private func isFree(_ tuple: FourTuple, mayFollow: Bool = true) -> Bool {
    guard connections[tuple] == nil else { return false }
    guard let wait = timeWaits[tuple] else { return true }
    return mayFollow && wait.successor(at: loop.now) != nil
  }

  public func connect(
    to endpoint: Endpoint, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    let stream = try open(to: endpoint)
    do throws(NetworkError) {
      try await stream.waitConnected(until: deadline)
    } catch {
      stream.abort()
      throw error
    }
    return stream
  }
}
