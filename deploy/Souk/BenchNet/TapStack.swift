import Bytes
import EventLoop
import Machine
import MachineTap
import NetworkStack
import Platform
import Wire

/// Our stack at one end of a TAP interface, a kernel socket at the other.
enum TapStack {
  /// Who sends.
  enum Direction { case toKernel, fromKernel }

  static func run(_ direction: Direction, seconds: Double, offloads: Bool) throws(Refusal) -> Figures {
    let link = try TapLink(address: "10.0.0.1/24")
    let role: KernelPeer.Role = direction == .toKernel ? .reader : .writer
    let peer = try KernelPeer.listening(on: 80, role, seconds: seconds)
    return try run(direction, over: link.descriptor, beside: peer, seconds: seconds, offloads: offloads)
  }

  /// Sends over the TAP interface of `descriptor` to 10.0.0.1, where `reader` listens.
  static func send(over descriptor: Int32, to reader: KernelPeer, seconds: Double) throws(Refusal) -> Figures
  {
    try run(.toKernel, over: descriptor, beside: reader, seconds: seconds, offloads: false)
  }

  private static func run(
    _ direction: Direction, over descriptor: Int32, beside peer: KernelPeer, seconds: Double, offloads: Bool
  ) throws(Refusal) -> Figures {
    Cores.stay(on: Cores.measured)
    let driver = EpollDriver()
    let loop = EventLoop(driver: driver, clock: LinuxClock())
    let stack = NetworkStack(loop: loop, entropy: LinuxEntropy())
    let transfer: Transfer
    let port: TapPort
    do throws(NetworkError) {
      let device = try TapDevice(
        inheriting: descriptor, hardwareAddress: 0x0200_0000_0002, offloads: offloads)
      let address = IPv4Address(10, 0, 0, 2)
      let interface = stack.attach(
        device,
        addressing: .fixed(
          address: address, network: IPv4Network(address, prefixLength: 24), gateway: nil))
      port = TapPort(device, driver: driver, loop: loop) { interface.poll() }
      let stream = try stack.open(to: Endpoint(.v4(0x0a00_0001), port: 80))
      transfer = Transfer(stream, loop: loop, seconds: seconds)
    } catch {
      throw Refusal("our stack cannot start: \(error)")
    }
    loop.spawn { direction == .toKernel ? await transfer.write() : await transfer.read() }
    loop.run()
    peer.join()
    if let failure = transfer.failure { throw Refusal("our connection failed: \(failure)") }
    withExtendedLifetime((stack, port)) {}
    var figures = try Self.figures(
      direction == .toKernel ? peer.byteCount : transfer.byteCount,
      direction == .toKernel ? peer.elapsedSeconds : transfer.elapsedSeconds)
    figures["retransmissions"] = Double(stack.tcpCounters.retransmissions)
    return figures
  }

  static func figures(_ byteCount: Int, _ seconds: Double) throws(Refusal) -> Figures {
    guard byteCount > 0, seconds > 0 else { throw Refusal("nothing arrived") }
    var figures = Figures()
    figures["bytes"] = Double(byteCount)
    figures["wallSeconds"] = seconds
    return figures
  }
}

/// Our end of the transfer, a task of the loop.
final class Transfer {
  private(set) var byteCount = 0
  private(set) var elapsedSeconds = 0.0
  private(set) var failure: NetworkError?
  private let stream: StackStream
  private let loop: EventLoop
  private let seconds: Double

  init(_ stream: StackStream, loop: EventLoop, seconds: Double) {
    self.stream = stream
    self.loop = loop
    self.seconds = seconds
  }

  func write() async {
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

  func read() async {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { memory.deallocate() }
    do throws(NetworkError) {
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
    } catch {
      failure = error
    }
    stream.close()
    // The kernel's end waits for our FIN.
    await loop.sleep(for: .milliseconds(20))
    loop.stop()
  }
}
