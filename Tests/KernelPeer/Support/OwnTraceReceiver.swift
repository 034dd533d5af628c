import Bytes
import EventLoop
import NetworkSimulation
import NetworkStack
import Platform
import Wire

/// Our stack on a simulated wire, whose other end is the sender of a trace.
final class OwnTraceReceiver: TraceReceiver {
  private let driver = SimulationDriver()
  private let loop: EventLoop
  private let wire: SimulatedWire
  private let sender: SimulatedDevice
  private let stack: NetworkStack
  private let listener: any Listener
  private var stream: (any ByteStream)?
  private var answers: [SeenSegment] = []

  init() throws {
    let loop = EventLoop(driver: driver, clock: driver.clock)
    self.loop = loop
    let wire = SimulatedWire(loop: loop, seed: 1)
    self.wire = wire
    let device = wire.attach(hardwareAddress: TraceSender.receiverHardware.rawValue)
    sender = wire.attach(hardwareAddress: TraceSender.hardware.rawValue)
    stack = NetworkStack(loop: loop, entropy: SeededEntropy(seed: 3))
    let interface = stack.attach(
      device,
      addressing: .fixed(
        address: TraceSender.receiver, network: IPv4Network(TraceSender.receiver, prefixLength: 24),
        gateway: nil))
    device.whenReady = { _ = interface.poll() }
    listener = try stack.listen(on: Endpoint(.any, port: TraceSender.port))
    driver.sources = [{ wire.pump() }]
    sender.whenReady = { [unowned self] in hear() }
  }

  private func hear() {
    _ = sender.receive(limit: .max) { frame in
      if let segment = SeenSegment(frame: frame.bytes) {
        answers.append(segment)
      } else if let reply = reply(to: frame.bytes) {
        send(reply)
      }
    }
  }

  /// To a question for the sender's hardware address.
  private func reply(to frame: RawSpan) -> [UInt8]? {
    do throws(WireError) {
      let ethernet = try EthernetFrame(validating: frame)
      guard ethernet.type == .arp else { return nil }
      let question = try ARPPacket(validating: ethernet.payload)
      guard question.operation == .request, question.target == TraceSender.address else { return nil }
      let answer = ARPPacket(
        operation: .reply, senderHardware: TraceSender.hardware, sender: question.target,
        targetHardware: question.senderHardware, target: question.sender)
      // The output covers the new array's memory, and is finished before it ends.
      return [UInt8](unsafeUninitializedCapacity: 64) { buffer, written in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        EthernetHeader(
          destination: question.senderHardware, source: TraceSender.hardware, type: .arp
        ).write(into: &output)
        answer.write(into: &output)
        written = output.finalize(for: memory)
      }
    } catch { return nil }
  }

  private func send(_ frame: [UInt8]) {
    let empty = RawSpan()
    _ = sender.transmit(
      OutboundFrame(
        header: frame.span.bytes, payload: empty, payloadTail: empty, checksum: nil, segmentByteCount: 0))
    sender.notify()
  }

  func exchange(_ frame: [UInt8], awaiting awaited: ((SeenSegment) -> Bool)?) throws -> [SeenSegment] {
    answers.removeAll()
    send(frame)
    // It arrives, is answered, and the answer arrives; the first time after two questions about hardware addresses.
    for _ in 0..<6 { loop.turn() }
    return answers
  }

  func read(into bytes: inout [UInt8]) throws {
    if stream == nil { stream = try listener.accept() }
    guard let stream else { return }
    while true {
      var count = 0
      // The output covers the new array's memory; `written` are the bytes it was given.
      let piece = try [UInt8](unsafeUninitializedCapacity: 8_192) { buffer, written throws(NetworkError) in
        var output = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        if case .bytes(let received) = try stream.receive(into: &output) { count = received }
        written = count
      }
      if count == 0 { return }
      bytes += piece
    }
  }
}
