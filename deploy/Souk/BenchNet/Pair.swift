import EventLoop
import NetworkSimulation
import NetworkStack
import Platform

/// Two stacks in one process, a wire between them: MTU 1500, no offload of any kind, so that each writes and verifies
/// every checksum. Time is simulated: a turn costs a microsecond, and when nobody has anything to do it jumps.
final class Pair {
  static let port: UInt16 = 80

  let client: Host
  let server: Host
  private let wire: SimulatedWire
  private let wireDriver = HostDriver()
  private let clock = SimulatedClock()
  private let began: Instant

  private let family: Family

  /// A pair whose wire loses frames with probability `loss`, both ways, each on its own.
  init(_ family: Family, loss: Double = 0, seed: UInt64 = 1) {
    self.family = family
    began = clock.now
    let loop = EventLoop(driver: wireDriver, clock: clock)
    wire = SimulatedWire(loop: loop, seed: seed)
    client = Host(family, 1, clock: clock, loss: loss, seed: seed + 1, wire: wire)
    server = Host(family, 2, clock: clock, loss: loss, seed: seed + 2, wire: wire)
  }

  /// Where the server listens.
  var endpoint: Endpoint { family.endpoint(2, port: Self.port) }

  /// What has passed on the clock of both.
  var simulatedSeconds: Double { Double(clock.now.nanoseconds - began.nanoseconds) / 1e9 }

  /// Turns both hosts until `isOver`. Refuses to go on when nothing can happen any more.
  func run(until isOver: () -> Bool) throws(Refusal) {
    while !isOver() {
      if client.isDue(at: clock.now) { turnClient(client) }
      if server.isDue(at: clock.now) { turnServer(server) }
      clock.now = clock.now.advanced(byNanoseconds: 1_000)
      // The wire's turn lands what has arrived by now.
      wire.loop.turn()
      if wire.pump() { continue }
      let next = min(client.wakeup, server.wakeup, wireDriver.wakeup)
      if next <= clock.now { continue }
      guard next != .never else { throw Refusal("both stacks wait, for nothing") }
      clock.now = next
    }
    if let report = wire.reports.first { throw Refusal(report) }
  }
}

// One function for each end, so that a profile tells what each costs; they differ, or the compiler would make them one.

@inline(never)
func turnClient(_ client: Host) { client.turn() }

@inline(never)
func turnServer(_ server: Host) {
  server.turn()
  server.turnCount += 1
}
