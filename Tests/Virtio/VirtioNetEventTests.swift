import DeviceTesting
import Platform
import Testing
import Virtio

/// When the device and the stack tell each other what.
@Suite struct VirtioNetEventTests {
  private func start(_ model: NetModel, transmit: Int = 8) throws -> VirtioNet {
    var configuration = VirtioNet.Configuration()
    configuration.transmitSlotCount = transmit
    return try VirtioNet(registers: model.device, memory: GuardedMemory(), configuration: configuration)
  }

  @Test func `frames that are sent raise no interrupt while there is room`() throws {
    let model = NetModel()
    let net = try start(model)
    for seed in 0..<200 {
      for part in 0..<4 { #expect(net.send(frameBytes(60, seed: seed + part))) }
      net.notify()
      #expect(model.send().count == 4)
    }
    #expect(model.device.edgeCount == 0)
    #expect(model.device.queues[1].kickCount == 200)
  }

  @Test(arguments: [NetModel.everything, [5], [5, 28]])
  func `a frame that found no room is told when half of the queue is sent`(features: [Int]) throws {
    let model = NetModel(features: features)
    let net = try start(model)
    var accepted = 0
    while net.send(frameBytes(60, seed: accepted)) { accepted += 1 }
    #expect(accepted == 8)
    #expect(model.device.queues[1].kickCount == 1, "the device knows of all before the stack waits")
    #expect(!net.armInterrupts())
    if features.contains(29) {
      #expect(model.send(limit: 3).count == 3 && model.device.edgeCount == 0)
    }
    #expect(model.send(limit: 1).count == 1 && model.device.edgeCount == 1)
    #expect(net.send(frameBytes(60, seed: 8)))
    net.notify()
    #expect(model.send().count == (features.contains(29) ? 5 : 8))
    #expect(net.failure == nil && model.device.allFaults.isEmpty)
  }

  @Test func `room that came before the interrupt was armed is found`() throws {
    let model = NetModel()
    let net = try start(model)
    while net.send(frameBytes(60, seed: 1)) {}
    // The device sends everything between the arming and the look behind it.
    // The closure holds the model, which holds the device.
    defer { model.device.onLoad = nil }
    model.device.onLoad = { if $0 == MMIORegister.interruptStatus { _ = model.send() } }
    #expect(net.armInterrupts())
    #expect(net.send(frameBytes(60, seed: 2)))
  }

  @Test func `a frame that came before the interrupt was armed is found`() throws {
    let model = NetModel()
    let net = try start(model)
    #expect(!net.armInterrupts())
    // The closure holds the model, which holds the device.
    defer { model.device.onLoad = nil }
    model.device.onLoad = {
      if $0 == MMIORegister.interruptStatus { _ = model.receive(frameBytes(60, seed: 1)) }
    }
    #expect(net.armInterrupts())
    #expect(net.frames().count == 1)
  }

  @Test func `a large frame waits for as many slots as it fills`() throws {
    let model = NetModel()
    let net = try start(model, transmit: 20)
    let large = frameBytes(60_000, seed: 1)
    #expect(net.send(large) && !net.send(large))
    net.notify()
    #expect(model.send().map(\.frame.count) == [60_000])
    #expect(net.send(large))
    #expect(net.inFlight.transmitSlots == 15)
  }

  @Test func `the link goes down and up`() throws {
    let model = NetModel(linkUp: false)
    let net = try start(model)
    #expect(!net.isLinkUp)
    for isUp in [true, false, true] {
      model.device.reconfigure { $0[6] = isUp ? 1 : 0 }
      net.acknowledgeInterrupt()
      #expect(net.isLinkUp == isUp && model.device.interruptStatus == 0)
    }
  }

  /// Stack and device sleep whenever the rules let them, and are woken only by interrupts and kicks.
  @Test(arguments: [UInt64(1), 2, 3, 4], [NetModel.everything, [5], [5, 15, 28]])
  func `nobody sleeps while there is work`(seed: UInt64, features: [Int]) throws {
    var numbers = SeededNumbers(seed: seed)
    let model = NetModel(features: features, queueMaxima: [32, 8])
    let net = try start(model)
    var (isAsleep, seenEdges, wantsToSend) = (false, 0, false)
    var (kicksSeen, deviceIsIdle) = (0, true)
    var (arrived, delivered, sent, transmitted) = (0, 0, 0, 0)
    let (frame, short) = (frameBytes(1514, seed: 1), frameBytes(60, seed: 2))
    var raced = numbers
    // The closure holds the model, which holds the device.
    defer { model.device.onLoad = nil }
    model.device.onLoad = { offset in
      guard offset == MMIORegister.interruptStatus, raced.once(in: 3) else { return }
      if raced.once(in: 2) { sent += model.send(limit: raced.pick(1...4)).count }
      if model.receive(short) { arrived += 1 }
    }
    for step in 0..<3000 {
      // The device: it looks at its transmit queue until that is empty, and then only after a kick.
      let queue = model.device.queues[1]
      if queue.kickCount != kicksSeen { (kicksSeen, deviceIsIdle) = (queue.kickCount, false) }
      if !deviceIsIdle && numbers.once(in: 2) {
        let limit = numbers.pick(1...8)
        let count = model.send(limit: limit).count
        sent += count
        deviceIsIdle = count < limit
      }
      if numbers.once(in: 3), model.receive(Array(frame[..<numbers.pick(14...1514)])) { arrived += 1 }
      // The stack.
      if isAsleep && model.device.edgeCount != seenEdges { isAsleep = false }
      seenEdges = model.device.edgeCount
      if isAsleep {
        if arrived != delivered {
          Issue.record("a frame is not seen, step \(step), seed \(seed)")
          return
        }
        if wantsToSend && sent == transmitted {
          Issue.record("room is not seen, step \(step)")
          return
        }
        if deviceIsIdle && queue.waitingCount > 0 && queue.kickCount == kicksSeen {
          Issue.record("the device is not told, step \(step), seed \(seed)")
          return
        }
        continue
      }
      delivered += net.frames(limit: numbers.pick(1...8)).count
      let count = numbers.pick(0...12)
      wantsToSend = false
      for _ in 0..<count {
        if net.send(short) { transmitted += 1 } else { wantsToSend = true }
      }
      net.notify()
      seenEdges = model.device.edgeCount
      isAsleep = !net.armInterrupts()
    }
    #expect(net.failure == nil && model.device.allFaults.isEmpty)
    #expect(delivered > 500 && transmitted > 500)
  }
}
