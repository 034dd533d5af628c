import DeviceTesting
import Platform
import Testing
import Virtio

/// A device that does anything at any time, by a seed.
@Suite struct HostileFuzzTests {
  private static func broken(_ error: VirtioError) -> Bool {
    switch error {
    case .needsReset, .usedIndexOutOfRange, .usedIdentifierOutOfRange, .usedIdentifierNotInFlight,
      .usedTooLong,
      .usedTooShort, .badBufferCount, .badStatus, .configurationUnstable:
      true
    default: false
    }
  }

  /// Once it has written over descriptors, the model no longer follows them: it would be lost itself.
  private final class Hostility {
    var numbers: SeededNumbers
    var isHonest = true
    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    /// Something a device must not do; `rings` is all of a queue's memory.
    func strike(_ device: ModelDevice, rings: [UnsafeMutableRawBufferPointer]) {
      let queue = device.queues[numbers.pick(0...device.queues.count - 1)]
      guard queue.isReady else { return }
      switch numbers.pick(0...9) {
      case 0...2:
        // A used element of small numbers or any.
        let isAny = numbers.once(in: 4)
        queue.write(
          element: isAny ? UInt32(truncatingIfNeeded: numbers.next()) : UInt32(numbers.pick(0...queue.size)),
          byteCount: isAny ? UInt32(truncatingIfNeeded: numbers.next()) : UInt32(numbers.pick(0...4100)))
        _ = queue.push([])
      case 3:
        queue.usedIndex &+= UInt16(truncatingIfNeeded: numbers.pick(-2...2))
        _ = queue.push([])
      case 4:
        queue.usedIndex = UInt16(truncatingIfNeeded: numbers.next())
        _ = queue.push([])
      case 5...7:
        isHonest = false
        let ring = rings[numbers.pick(0...rings.count - 1)]
        let start = numbers.pick(0...ring.count - 1)
        for index in start..<min(start + numbers.pick(1...64), ring.count) {
          ring[index] = UInt8(truncatingIfNeeded: numbers.next())
        }
      case 8:
        device.reconfigure { configuration in
          for index in 0..<48 where numbers.once(in: 3) {
            configuration[index] = UInt8(truncatingIfNeeded: numbers.next())
          }
        }
      default: if numbers.once(in: 10) { device.askForReset() }
      }
    }
  }

  @Test(arguments: 0..<60) func `no network device makes the driver leave its memory`(seed: UInt64) throws {
    let hostility = Hostility(seed: seed)
    let memory = GuardedMemory()
    let features = NetModel.everything.filter { $0 == 5 || !hostility.numbers.once(in: 3) }
    let maxima = (0..<2).map { _ in hostility.numbers.pick([UInt32(32), 33, 64, 255, 65_536, .max]) }
    let model = NetModel(features: features, queueMaxima: maxima)
    var configuration = VirtioNet.Configuration()
    configuration.receiveBufferCount = hostility.numbers.pick([20, 32, 64])
    configuration.transmitSlotCount = hostility.numbers.pick([20, 32, 64])
    let net = try VirtioNet(registers: model.device, memory: memory, configuration: configuration)
    let honestSteps = hostility.numbers.pick(0...200)
    let (frame, large) = (frameBytes(1514, seed: 1), frameBytes(60_000, seed: 2))
    for step in 0..<2000 {
      if hostility.isHonest {
        if hostility.numbers.once(in: 2) { _ = model.receive(frame) }
        if hostility.numbers.once(in: 2) { _ = model.send(limit: hostility.numbers.pick(1...9)) }
      }
      if step > honestSteps && hostility.numbers.once(in: 3) {
        // The first two allocations are the rings; half of the time everything that is shared is fair game.
        let rings = hostility.numbers.once(in: 2) ? memory.regions : Array(memory.regions[..<2])
        hostility.strike(model.device, rings: rings)
      }
      if hostility.numbers.once(in: 2) {
        _ = net.receive(limit: 8) { frame in
          let isInside = frame.bytes.withUnsafeBytes { memory.contains($0) }
          if !isInside { Issue.record("a frame from elsewhere, seed \(seed)") }
          for index in frame.rest.indices where !memory.contains(frame.rest[index]) {
            Issue.record("a piece from elsewhere, seed \(seed)")
          }
        }
      }
      _ = net.send(frame)
      if net.offload.contains(.transmitSegmentation), hostility.numbers.once(in: 5) { _ = net.send(large) }
      net.notify()
      if hostility.numbers.once(in: 3) { _ = net.armInterrupts() }
      if net.failure != nil && hostility.numbers.once(in: 20) { break }
    }
    #expect(memory.isWhole, "seed \(seed)")
    if let failure = net.failure {
      #expect(Self.broken(failure) && model.device.isGivenUp, "\(failure), seed \(seed)")
    } else {
      Issue.record("2,000 steps of lies and none was seen, seed \(seed)")
    }
  }

  @Test(arguments: 0..<60) func `no disk makes the driver leave its memory`(seed: UInt64) throws {
    let hostility = Hostility(seed: seed)
    let memory = GuardedMemory()
    let data = GuardedMemory()
    let features = BlockModel.everything.filter { $0 == 9 || !hostility.numbers.once(in: 3) }
    let model = BlockModel(
      features: features, sizeMax: 4096, segMax: 4,
      queueMaximum: hostility.numbers.pick([UInt32(5), 7, 64, 65_535, .max]))
    nonisolated(unsafe) var shared: VirtioBlock?  // Safe: one thread.
    let honestSteps = hostility.numbers.pick(0...100)
    var (step, stepOfCall) = (0, 0)
    let block = try VirtioBlock(registers: model.device, memory: memory) {
      step += 1
      if hostility.isHonest && !hostility.numbers.once(in: 10) {
        model.take()
        if !model.waiting.isEmpty { model.answer(hostility.numbers.pick(0...model.waiting.count - 1)) }
      }
      if step > honestSteps { hostility.strike(model.device, rings: Array(memory.regions[..<2])) }
      if step > stepOfCall + 1000 { shared?.abandon() }
    }
    shared = block
    let buffer = UnsafeMutableRawBufferPointer(start: data.allocate(byteCount: 65_536), count: 65_536)
    for _ in 0..<500 where block.failure == nil {
      stepOfCall = step
      let count = hostility.numbers.pick(1...128) * 512
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      let sector = UInt64(hostility.numbers.pick(0...1900))
      switch hostility.numbers.pick(0...2) {
      case 0: try? block.read(at: sector, into: part)
      case 1: try? block.write(at: sector, from: UnsafeRawBufferPointer(part).bytes)
      default: try? block.flush()
      }
    }
    #expect(memory.isWhole && data.isWhole, "seed \(seed)")
    let failure = try #require(block.failure, "no lie was seen, seed \(seed)")
    #expect(failure == .abandoned || Self.broken(failure), "\(failure), seed \(seed)")
    #expect(model.device.isGivenUp && block.inFlightCount >= 0)
    shared = nil
  }

  @Test(arguments: 0..<40) func `no entropy device makes the driver leave its memory`(seed: UInt64) throws {
    let hostility = Hostility(seed: seed)
    let memory = GuardedMemory()
    let device = ModelDevice(
      kind: 4, features: hostility.numbers.pick([[], [29], [28, 29]]),
      queueMaxima: [hostility.numbers.pick([UInt32(1), 5, .max])], configuration: [])
    let random = try VirtioRandom(registers: device, memory: memory, maximumParkCount: 500) {
      if hostility.isHonest, hostility.numbers.once(in: 2), let chain = device.queues[0].pop() {
        device.push([(chain.head, chain.write(frameBytes(32, seed: 1)[...]))], on: 0)
      } else {
        hostility.strike(device, rings: memory.regions)
      }
    }
    var bytes = [UInt8](repeating: 0, count: 100)
    for _ in 0..<200 where random.failure == nil {
      bytes.withUnsafeMutableBytes { buffer in try? random.fill(buffer) }
    }
    #expect(memory.isWhole, "seed \(seed)")
    let failure = try #require(random.failure, "no lie was seen, seed \(seed)")
    #expect(failure == .abandoned || Self.broken(failure), "\(failure), seed \(seed)")
    #expect(device.isGivenUp)
  }
}
