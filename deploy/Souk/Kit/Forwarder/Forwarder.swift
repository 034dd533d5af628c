import EventLoop
import Log
import Platform
import _Concurrency

/// One port of 127.0.0.1 in front of one place on another network: relays every connection, byte for byte.
///
/// Who connects while the place is being restarted waits for it; if it does not come back in time, the connection is
/// reset. At the limit new connections wait in the kernel's backlog.
final class Forwarder {
  /// How much, how long.
  struct Limits {
    /// Connections at a time; more than a service takes, so that the service gives the answer.
    var maximumConnections = 5_000
    /// Room for bytes taken from one side and not yet handed to the other, for each direction of a connection.
    var bufferedByteCount = 16_384
    /// For the place to accept a connection.
    var connectPatience = Duration.seconds(10)
    /// Between two attempts.
    var retryInterval = Duration.milliseconds(20)
    /// Before another attempt to accept when the process has no descriptors left.
    var exhaustedInterval = Duration.milliseconds(100)
  }

  let name: String
  let listener: any Listener
  let destination: Endpoint
  let network: any ForwardedNetwork
  let loop: EventLoop
  let log: Logger
  let limits: Limits
  /// Connections that are being relayed, and those among them whose answers may still be on their way.
  private(set) var connectionCount = 0
  private(set) var unansweredCount = 0
  private let room = Signal()
  private let quiet = Signal()
  private var isStopping = false

  /// From `listener` to `destination`. `network` makes the connections there.
  init(
    _ name: String, from listener: any Listener, to destination: Endpoint, network: any ForwardedNetwork,
    loop: EventLoop, log: Logger, limits: Limits = Limits()
  ) {
    self.name = name
    self.listener = listener
    self.destination = destination
    self.network = network
    self.loop = loop
    self.log = log
    self.limits = limits
  }

  /// Relays until the listener is closed, or shut down by whoever shares it.
  func serve() async {
    while !isStopping {
      if connectionCount >= limits.maximumConnections {
        await room.wait()
        continue
      }
      do throws(NetworkError) {
        if let client = try listener.accept() { relay(client) } else { try await listener.waitAcceptable() }
      } catch .exhausted {
        await loop.sleep(for: limits.exhaustedInterval)
      } catch {
        listener.close()
        return
      }
    }
  }

  /// Ends `serve`; what is relayed goes on.
  func stopAccepting() {
    isStopping = true
    listener.close()
    room.notify()
  }

  /// Returns when no answer is on its way any more, or at `deadline`. A client that keeps its side open although
  /// everything was said is not waited for.
  func drain(until deadline: Instant) async {
    let timer = Timer(loop: loop) { [quiet] in quiet.notify() }
    timer.set(deadline)
    while unansweredCount > 0, loop.now < deadline { await quiet.wait() }
    timer.cancel()
  }

  private func relay(_ client: any ByteStream) {
    connectionCount += 1
    unansweredCount += 1
    let relay = Relay(client, for: self)
    loop.spawn { await relay.run() }
  }

  /// The place has said all it had to say on one connection, and the client's kernel has it.
  func answered() {
    unansweredCount -= 1
    if unansweredCount == 0 { quiet.notify() }
  }

  /// One connection is over.
  func ended() {
    connectionCount -= 1
    if connectionCount == limits.maximumConnections - 1 { room.notify() }
  }
}
