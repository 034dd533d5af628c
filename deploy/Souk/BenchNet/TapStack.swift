import Bytes
import EventLoop
import Machine
import MachineTap
import NetworkStack
import Platform
import Wire

/// Our stack at one end of a TAP interface, iperf on the kernel's at the other.
enum TapStack {
  /// Who sends.
  enum Direction { case toKernel, fromKernel }

  static let port: UInt16 = 80

  static func run(
    _ direction: Direction, _ family: Family, seconds: Double, offloads: Bool
  ) throws(Refusal) -> Figures {
    let link = try TapLink(family, kernelIs: 1)
    let peer =
      switch direction {
      case .toKernel: try Iperf.server(family, port: port)
      case .fromKernel: try Iperf.client(to: 2, family, port: port, seconds: seconds)
      }
    return try run(
      direction, family, over: link.descriptor, beside: peer, seconds: seconds, offloads: offloads)
  }

  /// Sends over the TAP interface of `descriptor` to machine 1, where `reader` listens.
  static func send(
    _ family: Family, over descriptor: Int32, to reader: Iperf, seconds: Double
  ) throws(Refusal) -> Figures {
    try run(.toKernel, family, over: descriptor, beside: reader, seconds: seconds, offloads: false)
  }

  private static func run(
    _ direction: Direction, _ family: Family, over descriptor: Int32, beside peer: Iperf, seconds: Double,
    offloads: Bool
  ) throws(Refusal) -> Figures {
    Cores.stay(on: Cores.measured)
    let driver = EpollDriver()
    let loop = EventLoop(driver: driver, clock: LinuxClock())
    let stack = NetworkStack(loop: loop, entropy: LinuxEntropy())
    let transfer = Transfer(loop: loop, seconds: seconds)
    let tap: TapPort
    do throws(NetworkError) {
      let device = try TapDevice(
        inheriting: descriptor, hardwareAddress: 0x0200_0000_0002, offloads: offloads)
      let interface = family.attach(device, to: stack, as: 2)
      tap = TapPort(device, driver: driver, loop: loop) { interface.poll() }
      switch direction {
      case .toKernel:
        let stream = try stack.open(to: family.endpoint(1, port: port))
        loop.spawn { await transfer.write(stream) }
      case .fromKernel:
        let listener = try stack.listen(on: family.endpoint(2, port: port))
        loop.spawn { await transfer.read(listener) }
        loop.spawn { await transfer.watch(peer) }
      }
    } catch {
      throw Refusal("our stack cannot start: \(error)")
    }
    loop.run()
    if let failure = transfer.failure {
      // A client says why it did not come; a server would wait for one.
      if direction == .fromKernel { _ = try peer.report() }
      throw Refusal("our connection failed: \(failure)")
    }
    // What arrived counts, by the clock of whom it arrived at.
    let report = try peer.report()
    var figures = try Self.figures(
      direction == .toKernel ? report : (transfer.byteCount, transfer.elapsedSeconds))
    withExtendedLifetime((stack, tap)) {}
    figures["retransmissions"] = Double(stack.tcpCounters.retransmissions)
    return figures
  }

  static func figures(_ report: (byteCount: Int, seconds: Double)) throws(Refusal) -> Figures {
    guard report.byteCount > 0, report.seconds > 0 else { throw Refusal("nothing arrived") }
    var figures = Figures()
    figures["bytes"] = Double(report.byteCount)
    figures["wallSeconds"] = report.seconds
    return figures
  }
}

/// Our end of the transfer, a task of the loop.
final class Transfer {
  private(set) var byteCount = 0
  private(set) var elapsedSeconds = 0.0
  private(set) var failure: NetworkError?
  private let loop: EventLoop
  private let seconds: Double

  init(loop: EventLoop, seconds: Double) {
    self.loop = loop
    self.seconds = seconds
  }

  /// Writes for some seconds, then waits until the kernel has all.
  func write(_ stream: StackStream) async {
    let chunk = [UInt8](repeating: 7, count: 256 << 10)
    do throws(NetworkError) {
      try await stream.waitWritable(until: .never)
      let watch = Stopwatch()
      while watch.wallSeconds < seconds {
        if try stream.send(chunk.span.bytes) == 0 { try await stream.waitWritable(until: .never) }
      }
      stream.finish()
      // The kernel's end closes when it has read all.
      try await stream.waitReadable(until: .never)
    } catch {
      failure = error
    }
    stream.close()
    loop.stop()
  }

  /// Gives up when the kernel's end is gone and nothing came.
  func watch(_ peer: Iperf) async {
    while byteCount == 0 {
      await loop.sleep(for: .milliseconds(1000))
      guard byteCount == 0, peer.isOver else { continue }
      failure = .refused
      loop.stop()
      return
    }
  }

  /// Reads one connection to its end.
  func read(_ listener: any Listener) async {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { memory.deallocate() }
    do throws(NetworkError) {
      try await listener.waitAcceptable()
      guard let stream = try listener.accept() else { throw .closed }
      try await stream.waitReadable(until: .never)
      let watch = Stopwatch()
      reading: while true {
        var room = OutputRawSpan(buffer: memory, initializedCount: 0)
        switch try stream.receive(into: &room) {
        case .bytes(let count): byteCount += count
        case .nothingYet: try await stream.waitReadable(until: .never)
        case .end: break reading
        }
      }
      elapsedSeconds = watch.wallSeconds
      stream.close()
    } catch {
      failure = error
    }
    // The kernel's end waits for our FIN.
    await loop.sleep(for: .milliseconds(20))
    loop.stop()
  }
}
