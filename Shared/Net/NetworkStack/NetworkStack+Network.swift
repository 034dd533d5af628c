import EventLoop
import Platform
import TCP
import Wire
import _Concurrency

extension NetworkStack {
  /// Listens on an address of ours, or on `.any`; port 0 takes a free one.
  public func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener {
    guard case .v4 = endpoint.address else { throw .unreachable }
    var endpoint = endpoint
    if endpoint.port == 0 {
      let taken = listeners.map { $0.object.endpoint.port }
      guard let port = EphemeralPorts.range.first(where: { !taken.contains($0) }) else { throw .exhausted }
      endpoint.port = port
    }
    for reference in listeners where reference.object.endpoint.port == endpoint.port {
      let other = reference.object.endpoint.address
      if other == endpoint.address || other == .any || endpoint.address == .any { throw .addressInUse }
    }
    let listener = StackListener(endpoint, stack: self)
    listeners.append(ListenerReference(object: listener))
    return listener
  }

  /// `listener` takes no more connections; its handshakes end.
  func stopListening(_ listener: StackListener) {
    listeners.removeAll { $0.object === listener }
    endConnections { $0.listener === listener }
  }

  /// Begins to open a connection and returns at once: `send` takes nothing until it is established, and everything
  /// throws once it has failed. The local port is one that nobody can foresee, or `localPort`; `addressInUse` when that
  /// is taken.
  public func open(to endpoint: Endpoint, localPort: UInt16? = nil) throws(NetworkError) -> StackStream {
    guard let remote = IPv4Address(endpoint.address), remote.isHost, !remote.isLoopback, endpoint.port != 0,
      let hop = routes.nextHop(to: remote), !hop.isBroadcast
    else { throw .unreachable }
    let local = hop.source
    guard remote != local else { throw .unreachable }
    let tuple: FourTuple
    if let localPort {
      tuple = FourTuple(local: local, remote: remote, localPort: localPort, remotePort: endpoint.port)
      guard localPort != 0, isFree(tuple) else { throw .addressInUse }
    } else if let free = freeTuple(from: local, to: remote, port: endpoint.port) {
      tuple = free
    } else {
      throw .exhausted
    }
    guard let admitted = admit() else { throw .exhausted }
    let interface = interfaces[hop.interface.rawValue]
    var identity = identity(tuple, on: interface)
    if let wait = timeWaits[tuple] {
      identity.initialSendNumber = wait.successor(at: loop.now) ?? identity.initialSendNumber
      timeWaits[tuple] = nil
    }
    let connection = Connection(
      opening: identity, configuration: configuration.tcp, counters: tcpCounters, pool: pool, at: loop.now)
    let opened = StackConnection(
      tuple, stack: self, interface: interface, admittedByteCount: admitted, connection: connection)
    connections[tuple] = opened
    transmitLater(opened)
    return StackStream(opened)
  }

  /// A connection's name that nobody has; when all are taken, one of a connection in TIME-WAIT that may have a
  /// successor, so that no number of connections to one peer is too many.
  private func freeTuple(from local: IPv4Address, to remote: IPv4Address, port: UInt16) -> FourTuple? {
    func tuple(_ localPort: UInt16) -> FourTuple {
      FourTuple(local: local, remote: remote, localPort: localPort, remotePort: port)
    }
    let unused = ports.next(from: local, to: remote, port: port) {
      connections[tuple($0)] == nil && timeWaits[tuple($0)] == nil
    }
    if let unused { return tuple(unused) }
    return ports.next(from: local, to: remote, port: port) { isFree(tuple($0)) }.map(tuple)
  }

  /// Whether a connection of this name may begin.
  private func isFree(_ tuple: FourTuple) -> Bool {
    guard connections[tuple] == nil else { return false }
    guard let wait = timeWaits[tuple] else { return true }
    return wait.successor(at: loop.now) != nil
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
