import Bytes
import EventLoop
import Platform
import _Concurrency

/// Keep-alive connections to one endpoint: at most so many at once, the one used last first, so that the others
/// grow old and are closed.
public final class ConnectionPool {
  /// What the pool may take.
  public let limits: ClientLimits
  /// Where it connects to.
  public let endpoint: Endpoint
  private let network: any Network
  let loop: EventLoop
  private var idle: [ClientConnection] = []
  /// Connections lent out or being opened.
  private var lentCount = 0
  private var waiters: [PoolWaiter] = []
  private var sweeper: Timer?

  /// An empty pool.
  public init(network: any Network, loop: EventLoop, endpoint: Endpoint, limits: ClientLimits) {
    self.network = network
    self.loop = loop
    self.endpoint = endpoint
    self.limits = limits
    // Holds the pool, and so keeps it for good: a pool lives as long as its service.
    sweeper = Timer(loop: loop) { self.sweep() }
  }

  /// Connections open now, lent or idle.
  public var connectionCount: Int { lentCount + idle.count }

  /// Those who wait for one to come back.
  public var waitingCount: Int { waiters.count { if case .waiting = $0.outcome { true } else { false } } }

  /// Lends a connection: an idle one that still lives, else a new one, else the next that comes back. Give it back
  /// with `giveBack`, whatever happened to it. `fresh`: never an idle one, for a second try.
  public func lend(until deadline: Instant, fresh: Bool = false) async throws(ClientError) -> ClientConnection
  {
    switch try outcome(fresh: fresh) {
    case .connection(let connection): return connection
    case .mayOpen: break
    case .waits(let waiter):
      if let connection = try await wait(as: waiter, until: deadline) { return connection }
    }
    return try await open(until: deadline)
  }

  /// Waits for a connection that comes back; nil: one of its own may be opened.
  private func wait(as waiter: PoolWaiter, until deadline: Instant) async throws(ClientError)
    -> ClientConnection?
  {
    let timer = Timer(loop: loop) { waiter.signal.notify() }
    timer.set(min(deadline, loop.now + limits.waitTimeout))
    await waiter.signal.wait()
    timer.cancel()
    return try connection(of: waiter)
  }

  private func open(until deadline: Instant) async throws(ClientError) -> ClientConnection {
    do throws(NetworkError) {
      let stream = try await network.connect(
        to: endpoint, until: min(deadline, loop.now + limits.connectTimeout))
      return ClientConnection(stream, limits: limits.http)
    } catch {
      passOn()
      throw .connect(error)
    }
  }

  /// What there is for somebody who comes.
  private enum Outcome {
    case connection(ClientConnection)
    case mayOpen
    case waits(PoolWaiter)
  }

  private func outcome(fresh: Bool) throws(ClientError) -> Outcome {
    while !fresh, let connection = idle.popLast() {
      if connection.isStale() {
        connection.stream.close()
        continue
      }
      lentCount += 1
      connection.isReused = true
      return .connection(connection)
    }
    if lentCount >= limits.maximumConnections {
      guard waiters.count < limits.maximumWaiting else { throw .overloaded }
      let waiter = PoolWaiter()
      waiters.append(waiter)
      return .waits(waiter)
    }
    // An idle connection makes room for one that must be new.
    if fresh && connectionCount >= limits.maximumConnections { idle.removeFirst().stream.close() }
    lentCount += 1
    return .mayOpen
  }

  /// What somebody has waited for; nil: a connection of its own may be opened.
  private func connection(of waiter: PoolWaiter) throws(ClientError) -> ClientConnection? {
    switch waiter.outcome {
    case .waiting:
      waiter.outcome = .gone
      // Those who have left take nobody's place in the queue.
      while let first = waiters.first, case .gone = first.outcome { waiters.removeFirst() }
      throw .overloaded
    case .connection(let connection): return connection
    case .mayOpen, .gone: return nil
    }
  }

  /// Takes a connection back; closes it unless another exchange may follow on it.
  public func giveBack(_ connection: ClientConnection) {
    guard connection.isReusable else {
      connection.stream.close()
      passOn()
      return
    }
    if let waiter = nextWaiter() {
      connection.isReused = true
      waiter.outcome = .connection(connection)
      waiter.signal.notify()
      return
    }
    lentCount -= 1
    connection.idleSince = loop.now
    if connection.input.capacity > 16 << 10 { connection.input.release() }
    idle.append(connection)
    if idle.count == 1 { sweeper?.set(loop.now + limits.idleTimeout) }
  }

  /// A place became free: the next waiter may open a connection of its own.
  private func passOn() {
    guard let waiter = nextWaiter() else {
      lentCount -= 1
      return
    }
    waiter.outcome = .mayOpen
    waiter.signal.notify()
  }

  /// Takes the one who has waited longest out of the queue.
  private func nextWaiter() -> PoolWaiter? {
    while !waiters.isEmpty {
      let waiter = waiters.removeFirst()
      if case .waiting = waiter.outcome { return waiter }
    }
    return nil
  }

  /// Closes what has been idle too long. The oldest stand first.
  private func sweep() {
    let count = idle.prefix { loop.now - $0.idleSince >= limits.idleTimeout }.count
    for connection in idle[..<count] { connection.stream.close() }
    idle.removeFirst(count)
    if let oldest = idle.first { sweeper?.set(oldest.idleSince + limits.idleTimeout) }
  }
}

/// Somebody who waits for a connection.
private final class PoolWaiter {
  enum Outcome {
    case waiting
    case connection(ClientConnection)
    case mayOpen
    case gone
  }

  let signal = Signal()
  var outcome = Outcome.waiting
}
