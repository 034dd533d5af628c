import EventLoop
import NetworkSimulation
import Platform
import Testing
import Wire

@Suite struct WireTests {
  private func frames(_ count: Int) -> [[UInt8]] {
    (0..<count).map { Segment(UInt32($0), ack: 1, content(50, seed: UInt64($0))).frame() }
  }

  /// Sends frames, one every `gap` nanoseconds, and waits until they have arrived.
  private func run(_ link: Link, _ frames: [[UInt8]], gap: UInt64 = 1_000_000) {
    let timer = Timers(link.loop)
    for (index, frame) in frames.enumerated() {
      timer.after(gap * UInt64(index)) { link.send(frame) }
    }
    link.settle()
  }

  @Test func `a clean wire hands frames over as they are, in order, without simulated delay`() {
    let link = Link()
    let sent = frames(100)
    let start = link.driver.clock.now.nanoseconds
    for frame in sent { link.send(frame) }
    link.settle()
    #expect(link.arrived.map(\.frame) == sent)
    #expect(link.driver.clock.now.nanoseconds - start < 10_000)
    #expect(link.wire.framesInUse == 0 && link.wire.reports.isEmpty)
    #expect(link.wire.figures.sent == 100 && link.wire.figures.delivered == 100)
  }

  @Test func `frames wait for notify`() {
    let link = Link()
    let frame = frames(1)[0]
    let empty = RawSpan()
    let isTaken = link.left.transmit(
      OutboundFrame(
        header: frame.span.bytes, payload: empty, payloadTail: empty, checksum: nil, segmentByteCount: 0))
    link.settle()
    #expect(isTaken)
    #expect(link.arrived.isEmpty)
    link.left.notify()
    link.settle()
    #expect(link.arrived.count == 1)
  }

  @Test func `a full receiver makes a clean sender wait, and room is announced`() {
    var (sender, receiver) = (SimulatedDeviceOptions(), SimulatedDeviceOptions())
    sender.transmitLimit = 4
    receiver.receiveLimit = 3
    let link = Link(left: sender, right: receiver, readsRight: false)
    let sent = frames(8)
    #expect(sent.map { link.send($0) } == [true, true, true, true, true, true, true, false])
    var announced = 0
    link.left.whenReady = { announced += 1 }
    _ = link.wire.pump()
    #expect(announced == 0)
    link.readRight()
    _ = link.wire.pump()
    #expect(announced == 1)
    link.readRight()
    _ = link.wire.pump()
    link.readRight()
    #expect(link.arrived.map(\.frame) == Array(sent.prefix(7)) && link.wire.figures.overrun == 0)
  }

  @Test func `an impaired cable drops what finds no room`() {
    var receiver = SimulatedDeviceOptions()
    receiver.receiveLimit = 3
    let link = Link(right: receiver, readsRight: false)
    link.left.impairments.delayNanoseconds = 10
    for frame in frames(5) { link.send(frame) }
    for _ in 0..<5 { link.loop.turn() }
    link.readRight()
    #expect(link.arrived.count == 3 && link.wire.figures.overrun == 2 && link.wire.framesInUse == 0)
  }

  @Test func `every decision comes again with its seed`() {
    func arrivals(_ seed: UInt64) -> [String] {
      let link = Link(seed: seed)
      link.left.impairments.loss = 0.2
      link.left.impairments.jitterNanoseconds = 5_000_000
      link.left.impairments.reorder = 0.2
      link.left.impairments.duplication = 0.1
      link.left.impairments.corruption = 0.1
      run(link, frames(200))
      return link.arrived.map { "\($0)" } + ["\(link.wire.figures)"]
    }
    #expect(arrivals(5) == arrivals(5))
    #expect(arrivals(5) != arrivals(6))
  }

  @Test func `loss, duplication, reordering and corruption happen about as often as asked`() {
    for impairment in [\Impairments.loss, \.duplication, \.reorder, \.corruption] {
      let link = Link(seed: 2)
      link.left.impairments[keyPath: impairment] = 0.25
      run(link, frames(2_000))
      let figures = link.wire.figures
      let happened = figures.lost + figures.duplicated + figures.reordered + figures.corrupted
      #expect((400...600).contains(happened), "\(impairment): \(figures)")
      #expect(link.wire.framesInUse == 0)
    }
  }

  @Test func `delay and jitter keep the order, reordering does not`() {
    let link = Link(seed: 4)
    link.left.impairments.delayNanoseconds = 3_000_000
    link.left.impairments.jitterNanoseconds = 9_000_000
    let sent = frames(300)
    run(link, sent)
    #expect(link.arrived.map(\.frame) == sent)
    let start: UInt64 = 1_000_000_000
    for (index, arrival) in link.arrived.enumerated() {
      let age = arrival.time - start - UInt64(index) * 1_000_000
      #expect((3_000_000...12_400_000).contains(age))
    }

    let other = Link(seed: 4)
    other.left.impairments.reorder = 0.2
    run(other, sent, gap: 100_000)
    #expect(other.arrived.count == 300 && other.arrived.map(\.frame) != sent)
  }

  @Test func `flipped bits are in one byte behind the Ethernet header and no checksum overlooks them`() {
    let link = Link(seed: 9)
    link.left.impairments.corruption = 1
    let sent = frames(500)
    run(link, sent)
    #expect(link.arrived.count == 500)
    let invariants = WireInvariants()
    var headers = 0
    for (index, arrival) in link.arrived.enumerated() {
      let changed = arrival.frame.indices.filter { arrival.frame[$0] != sent[index][$0] }
      #expect(changed.count == 1 && changed[0] >= 14)
      if changed[0] < 54 { headers += 1 }
      #expect(!invariants.check(arrival.frame.span.bytes).isEmpty)
    }
    #expect((100...450).contains(headers))
  }

  @Test func `a frame without a checksum of its own vanishes instead of being changed`() {
    let link = Link()
    link.left.impairments.corruption = 1
    var frame = frames(1)[0]
    frame[13] = 6
    run(link, [frame])
    #expect(link.arrived.isEmpty && link.wire.figures.frameCheckDropped == 1)
  }

  @Test func `a narrow link swallows what is too large, an outage everything`() {
    let link = Link()
    link.left.impairments.maximumTransmissionUnit = 100
    run(link, [Segment(1, ack: 1, content(60)).frame(), Segment(1, ack: 1, content(61)).frame()])
    #expect(link.arrived.count == 1 && link.wire.figures.oversized == 1)

    let cut = Link()
    let start = cut.driver.clock.now
    cut.left.impairments.outages = [start + .milliseconds(10)..<start + .milliseconds(20)]
    run(cut, frames(30))
    #expect(cut.arrived.count == 20 && cut.wire.figures.cutOff == 10)
  }

  @Test func `a rate spreads frames out and its queue drops the tail`() {
    let link = Link()
    // 1,040 bytes a frame at 8.32 Mbit/s: one a millisecond.
    link.left.impairments.bitsPerSecond = 8_320_000
    link.left.impairments.queueByteLimit = 5 * 1_040
    let sent = (0..<20).map { Segment(UInt32($0), ack: 1, content(986)).frame() }
    run(link, sent, gap: 0)
    #expect(link.arrived.map(\.frame) == Array(sent.prefix(5)) && link.wire.figures.queueDropped == 15)
    for (index, arrival) in link.arrived.enumerated() {
      let expected = 1_000_000_000 + UInt64(index + 1) * 1_000_000
      #expect((expected...expected + 10_000).contains(arrival.time))
    }
  }

  @Test func `a script drops the frames it names`() {
    let link = Link()
    link.wire.script = [ScriptedDrop(2...3) { $0.header.flags.contains(.psh) }]
    let sent = (0..<8).map { Segment(UInt32($0), ack: 1, $0 % 2 == 0 ? .psh : [], [1]).frame() }
    run(link, sent)
    #expect(link.arrived.map(\.frame) == [sent[0], sent[1], sent[3], sent[5], sent[6], sent[7]])
    #expect(link.wire.figures.scripted == 2)
  }

  @Test func `three devices hear a broadcast, one hears what is for it, nobody what is for a stranger`() {
    let link = Link()
    let third = link.wire.attach(hardwareAddress: 0x0200_0000_0003)
    var heard = 0
    third.whenReady = { heard += third.receive(limit: 10) { _ in } }
    var broadcast = frames(1)[0]
    broadcast.replaceSubrange(0..<6, with: [UInt8](repeating: 0xff, count: 6))
    var stranger = frames(1)[0]
    stranger[5] = 77
    run(link, [broadcast, frames(1)[0], stranger])
    #expect(link.arrived.count == 2 && heard == 1 && link.wire.figures.unroutable == 1)
    #expect(link.wire.framesInUse == 0)
  }

  @Test func `a device refuses at random and says so later`() {
    var options = SimulatedDeviceOptions()
    options.refusal = 0.5
    let link = Link(seed: 3, left: options)
    var sent = 0
    var announced = 0
    link.left.whenReady = { announced += 1 }
    while sent < 100 {
      if link.send(frames(1)[0]) { sent += 1 } else { while announced == 0 { link.loop.turn() } }
      announced = 0
    }
    link.settle()
    #expect(link.arrived.count == 100 && (60...150).contains(link.left.refusals))
  }

  @Test func `what no stack may send is reported and not sent`() {
    let link = Link()
    link.send([UInt8](repeating: 0, count: 1_515))
    link.send([1, 2, 3])
    let empty = RawSpan()
    let frame = frames(1)[0]
    for (checksum, size) in [((34, 16), 0), (nil, 10)] as [((Int, Int)?, Int)] {
      _ = link.left.transmit(
        OutboundFrame(
          header: frame.span.bytes, payload: empty, payloadTail: empty,
          checksum: checksum.map { (start: $0.0, offset: $0.1) }, segmentByteCount: size))
      link.left.notify()
    }
    link.settle()
    #expect(link.arrived.isEmpty && link.wire.reports.count == 4 && link.wire.framesInUse == 0)
  }
}

/// Things to be done later, kept until they are.
final class Timers {
  private let loop: EventLoop
  private var timers: [Timer] = []

  init(_ loop: EventLoop) { self.loop = loop }

  func after(_ nanoseconds: UInt64, _ action: @escaping () -> Void) {
    let timer = Timer(loop: loop, action: action)
    timer.set(loop.now.advanced(byNanoseconds: nanoseconds))
    timers.append(timer)
  }
}
