// RFC 5452 before changing this file.

import EventLoop
import Platform
import Wire
import _Concurrency

/// Who waits for one DNS query.
final class LookupWaiters {
  var waiters: [Lookup] = []
}

/// A question of a caller that waits.
final class Lookup {
  let signal: WaitPoint
  /// What became of it; nil while servers are asked.
  var outcome: Result<DNSAnswer, DNSFailure>?
  fileprivate var group: LookupWaiters?

  init(_ signal: WaitPoint) { self.signal = signal }

  /// The caller waits no longer.
  func cancel() {
    group?.waiters.removeAll { $0 === self }
    group = nil
  }
}

extension NetworkStack {
  /// Asks these DNS servers from now on, and those that routers name; DHCP's and routers' are set by themselves.
  public func useResolvers(_ servers: [IPAddress]) {
    namedServers = servers.map { IPv6Address($0) }
    chooseResolvers()
  }

  /// Asks these DNS servers, too: routers name them.
  func useRouterResolvers(_ servers: [IPv6Address]) {
    routerServers = servers
    chooseResolvers()
  }

  /// Two servers of those that DHCP or our owner named at most, when routers name some, too.
  private func chooseResolvers() {
    let limit = DNSResolver.maximumServerCount - min(routerServers.count, 2)
    resolver.use(Array(namedServers.prefix(limit)) + routerServers)
  }

  /// The addresses of `name`, or of an address as text: of the families that we have an address of, IPv6 first, each
  /// best first. Out of the cache without waiting; `timedOut` at `deadline` at the latest.
  public func resolve(
    _ name: String, until deadline: Instant
  ) async throws(DNSFailure) -> [IPAddress] {
    let signal = WaitPoint(loop: loop)
    let questions = addressTypes.map { lookUp(name, $0, signal) }
    while questions.contains(where: { $0.outcome == nil }) {
      do throws(NetworkError) { try await signal.wait(until: deadline) } catch {
        for question in questions { question.cancel() }
        throw .timedOut
      }
    }
    var addresses: [IPAddress] = []
    var failure = DNSFailure.noAddress
    for question in questions {
      switch question.outcome {
      case .success(let answer): addresses += answer.addresses
      // That there is no address of one family says less than anything else.
      case .failure(let reason): if failure == .noAddress { failure = reason }
      case nil: break
      }
    }
    if addresses.isEmpty { throw failure }
    return addresses
  }

  /// The kinds of addresses that are of use here, IPv6 first.
  var addressTypes: [DNSType] {
    let hasIPv6 = interfaces.contains { $0.reachesIPv6 }
    let hasIPv4 = interfaces.contains { $0.address != nil }
    return (hasIPv6 ? [.aaaa] : []) + (hasIPv4 || !hasIPv6 ? [.a] : [])
  }

  /// Begins to look `name` up; `signal` is resumed when the outcome is there, unless it is known at once.
  func lookUp(_ name: String, _ type: DNSType, _ signal: WaitPoint) -> Lookup {
    let lookup = Lookup(signal)
    switch resolver.resolve(name, type, at: loop.now) {
    case .known(let answer): lookup.outcome = .success(answer)
    case .failed(let failure): lookup.outcome = .failure(failure)
    case .asking(let query, let actions):
      let group = lookups[query] ?? LookupWaiters()
      group.waiters.append(lookup)
      lookup.group = group
      lookups[query] = group
      perform(actions)
    }
    return lookup
  }

  func resolverServerIsUnreachable(port: UInt16) {
    guard resolverSockets.contains(where: { $0.port == port }) else { return }
    perform(resolver.serverIsUnreachable(port: port, at: loop.now))
  }

  private func perform(_ actions: [DNSAction]) {
    for action in actions {
      switch action {
      case .ask(let payload, let port, let server): ask(payload, from: port, server)
      case .close(let port):
        for socket in resolverSockets where socket.port == port { socket.close() }
        resolverSockets.removeAll { $0.port == port }
      case .finish(let query, let outcome):
        guard let group = lookups.removeValue(forKey: query) else { continue }
        for lookup in group.waiters {
          lookup.outcome = outcome
          lookup.group = nil
          lookup.signal.resume()
        }
      }
    }
    scheduleResolver()
  }

  private func ask(_ payload: [UInt8], from port: UInt16, _ server: IPv6Address) {
    let socket: UDPSocket
    if let open = resolverSockets.first(where: { $0.port == port }) {
      socket = open
    } else {
      do throws(NetworkError) { socket = try bind(port: port) } catch {
        return perform(resolver.portIsTaken(port, at: loop.now))
      }
      // The stack closes its sockets before it goes.
      socket.handler = { [unowned(unsafe) self] payload, source, sourcePort in
        perform(resolver.receive(payload, from: source, sourcePort: sourcePort, to: port, at: loop.now))
      }
      resolverSockets.append(socket)
    }
    do throws(NetworkError) {
      try socket.send(payload.span.bytes, to: Endpoint(IPAddress(server), port: DNSResolver.serverPort))
    } catch {
      // Nothing leads to that server: the timer asks the next one.
    }
  }

  private func scheduleResolver() {
    if resolverTimer == nil {
      // Cancelled before this goes.
      resolverTimer = Timer(loop: loop) { [unowned(unsafe) self] in
        perform(resolver.advance(to: loop.now))
      }
    }
    resolverTimer?.set(resolver.nextDeadline)
  }
}
