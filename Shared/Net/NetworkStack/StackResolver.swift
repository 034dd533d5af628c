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
    if let resolver { return resolver.lookUp(name, type, signal) }
    let first = StackResolver(self)
    resolver = first
    nameService = first.service
    return first.lookUp(name, type, signal)
  }
}

/// Asks DNS servers for the stack: the sockets and the timer of a `DNSResolver`, and who waits for it.
final class StackResolver {
  /// Not owned: the stack owns its resolver.
  private unowned(unsafe) let stack: NetworkStack
  private var resolver: DNSResolver
  private var timer: Timer?
  private(set) var sockets: [UDPSocket] = []
  private(set) var lookups: [DNSQueryID: LookupWaiters] = [:]

  init(_ stack: NetworkStack) {
    self.stack = stack
    resolver = DNSResolver(servers: stack.chosenServers, key: stack.resolverKey)
  }

  deinit { timer?.cancel() }

  /// How the stack reaches it. Not owned by it: the stack owns both.
  var service: NameService {
    // Safe, here and below: the stack keeps the service beside its resolver, and lets go of both at once.
    NameService(
      use: { [unowned(unsafe) self] servers in resolver.use(servers) },
      // Safe for the same reason.
      cannotReach: { [unowned(unsafe) self] server, port in cannotReach(server, from: port) },
      counts: { [unowned(unsafe) self] in
        (resolver.sentCount, resolver.timeoutCount, resolver.refusals.total)
      })
  }

  func lookUp(_ name: String, _ type: DNSType, _ signal: WaitPoint) -> Lookup {
    let lookup = Lookup(signal)
    switch resolver.resolve(name, type, at: stack.loop.now) {
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

  private func cannotReach(_ server: IPv6Address, from port: UInt16) {
    // Nobody who does not know the server can make us pass it over.
    guard resolver.servers.contains(server), sockets.contains(where: { $0.port == port }) else { return }
    perform(resolver.serverIsUnreachable(port: port, at: stack.loop.now))
  }

  private func perform(_ actions: [DNSAction]) {
    for action in actions {
      switch action {
      case .ask(let payload, let port, let server): ask(payload, from: port, server)
      case .close(let port):
        for socket in sockets where socket.port == port { socket.close() }
        sockets.removeAll { $0.port == port }
      case .finish(let query, let outcome):
        guard let group = lookups.removeValue(forKey: query) else { continue }
        for lookup in group.waiters {
          lookup.outcome = outcome
          lookup.group = nil
          lookup.signal.resume()
        }
      }
    }
    schedule()
  }

  private func ask(_ payload: [UInt8], from port: UInt16, _ server: IPv6Address) {
    let socket: UDPSocket
    if let open = sockets.first(where: { $0.port == port }) {
      socket = open
    } else {
      do throws(NetworkError) { socket = try stack.bind(port: port) } catch {
        return perform(resolver.portIsTaken(port, at: stack.loop.now))
      }
      // The stack closes its sockets before it goes.
      socket.handler = { [unowned(unsafe) self] payload, source, sourcePort in
        perform(resolver.receive(payload, from: source, sourcePort: sourcePort, to: port, at: stack.loop.now))
      }
      sockets.append(socket)
    }
    do throws(NetworkError) {
      try socket.send(payload.span.bytes, to: Endpoint(IPAddress(server), port: DNSResolver.serverPort))
    } catch {
      // Nothing leads to that server: the timer asks the next one.
    }
  }

  private func schedule() {
    if timer == nil {
      // Cancelled before this goes.
      timer = Timer(loop: stack.loop) { [unowned(unsafe) self] in
        perform(resolver.advance(to: stack.loop.now))
      }
    }
    timer?.set(resolver.nextDeadline)
  }
}
