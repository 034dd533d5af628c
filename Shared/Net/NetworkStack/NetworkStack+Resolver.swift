// RFC 5452 before changing this file.

import EventLoop
import Platform
import Wire
import _Concurrency

/// Who waits for one DNS query.
final class LookupWaiters {
  var waiters: [Lookup] = []
}

/// One caller of `resolve` that waits.
final class Lookup {
  let signal: WaitPoint
  var outcome: Result<DNSAnswer, DNSFailure>?

  init(loop: EventLoop) { signal = WaitPoint(loop: loop) }
}

extension NetworkStack {
  /// Asks these DNS servers from now on; DHCP's are set by themselves.
  public func useResolvers(_ servers: [IPv4Address]) { resolver.use(servers) }

  /// The IPv4 addresses of `name`, or of an address in dots, best first. Out of the cache without waiting; `timedOut` at
  /// `deadline` at the latest.
  public func resolve(
    _ name: String, until deadline: Instant
  ) async throws(DNSFailure) -> [IPAddress] {
    switch resolver.resolve(name, at: loop.now) {
    case .known(let answer): return answer.addresses
    case .failed(let failure): throw failure
    case .asking(let query, let actions):
      let lookup = Lookup(loop: loop)
      let group = lookups[query] ?? LookupWaiters()
      group.waiters.append(lookup)
      lookups[query] = group
      perform(actions)
      if lookup.outcome == nil {
        do throws(NetworkError) { try await lookup.signal.wait(until: deadline) } catch {
          group.waiters.removeAll { $0 === lookup }
          throw .timedOut
        }
      }
      switch lookup.outcome {
      case .success(let answer): return answer.addresses
      case .failure(let failure): throw failure
      case nil: throw .timedOut
      }
    }
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
          lookup.signal.resume()
        }
      }
    }
    scheduleResolver()
  }

  private func ask(_ payload: [UInt8], from port: UInt16, _ server: IPv4Address) {
    let socket: UDPSocket
    if let open = resolverSockets.first(where: { $0.port == port }) {
      socket = open
    } else {
      do throws(NetworkError) { socket = try bind(port: port) } catch {
        return perform(resolver.portIsTaken(port, at: loop.now))
      }
      // The stack closes its sockets before it goes.
      socket.handler = { [unowned(unsafe) self] payload, source, sourcePort in
        guard let source = source.mapped else { return }
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
