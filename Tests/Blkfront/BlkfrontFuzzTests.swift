import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Blkfront

/// A backend that does anything at any time, by a seed.
@Suite struct BlkfrontFuzzTests {
  private static let broken: [XenError] = [
    .diskIndexRanAway, .diskIdentifier, .diskOperation, .diskStatus, .diskAbandoned,
  ]

  /// Something a backend must not do. False when its own half of the ring is lost by it.
  private func strike(
    _ backend: DiskBackend, _ memory: GuardedMemory, _ numbers: inout SeededNumbers
  ) -> Bool {
    let ring = backend.ring!
    switch numbers.pick(0...7) {
    case 0...2:
      let known = backend.waiting.first ?? backend.done.last
      let identifier =
        numbers.once(in: 3) ? numbers.next() : known?.identifier ?? UInt64(numbers.pick(0...70))
      let operation = numbers.once(in: 3) ? numbers.pick(0...6) : Int(known?.operation ?? 0)
      backend.respond(identifier, UInt8(operation), Int16(numbers.pick(-3...1)))
      ring.push()
    case 3: ring.show(responseIndex: ring.responseIndex &+ UInt32(truncatingIfNeeded: numbers.pick(-2...70)))
    case 4: ring.wantEvent(at: UInt32(truncatingIfNeeded: numbers.next()))
    default:
      let region = memory.regions[numbers.once(in: 2) ? 0 : numbers.pick(0...1)]
      let start = numbers.pick(0...region.count - 1)
      for index in start..<min(start + numbers.pick(1...64), region.count) {
        region[index] = UInt8(truncatingIfNeeded: numbers.next())
      }
      return false
    }
    return true
  }

  @Test(arguments: 0..<30) func `no backend makes the driver leave its memory`(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    let (memory, data) = (GuardedMemory(), GuardedMemory())
    let backend = DiskBackend()
    for key in [
      "max-ring-page-order", "feature-max-indirect-segments", "feature-discard", "feature-persistent",
    ]
    where numbers.once(in: 3) {
      backend.values[key] = nil
    }
    var configuration = Blkfront.Configuration()
    configuration.pageCount = numbers.pick([34, 128])
    configuration.requestCount = numbers.pick([1, 7, 64])
    nonisolated(unsafe) var shared: Blkfront?  // Safe: one thread.
    let honestSteps = numbers.pick(0...60)
    var (step, stepOfCall, isHonest, isGone) = (0, 0, true, false)
    let block = try Blkfront(
      virtualDevice: 51_712, memory: memory, table: backend.table, configuration: configuration,
      firstIndex: numbers.pick([0, .max - 50])
    ) {
      step += 1
      if isGone {
        isGone = false
        try? backend.connect(shared!)
        isHonest = true
      } else if isHonest && !numbers.once(in: 10) {
        backend.take()
        if !backend.waiting.isEmpty { backend.answer(numbers.pick(0...backend.waiting.count - 1)) }
      } else if numbers.once(in: 20) {
        isGone = true
        backend.leave()
        shared?.disconnect()
      }
      if step > honestSteps, !isGone { isHonest = strike(backend, memory, &numbers) && isHonest }
      if step > stepOfCall + 500 { shared?.abandon() }
      _ = shared?.handleEvents()
    }
    shared = block
    try backend.connect(block)
    let buffer = UnsafeMutableRawBufferPointer(start: data.allocate(byteCount: 200_192), count: 200_192)
    for _ in 0..<500 where block.failure == nil {
      stepOfCall = step
      let count = numbers.pick(1...391) * 512
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      let sector = UInt64(numbers.pick(0...3700))
      switch numbers.pick(0...3) {
      case 0: try? block.read(at: sector, into: part)
      case 1: try? block.write(at: sector, from: UnsafeRawBufferPointer(part).bytes)
      case 2: try? block.discard(at: sector, sectorCount: 3)
      default: try? block.flush()
      }
    }
    #expect(memory.isWhole && data.isWhole, "seed \(seed)")
    let failure = try #require(block.failure, "no lie was seen, seed \(seed)")
    #expect(Self.broken.contains(failure) && !block.isConnected, "\(failure), seed \(seed)")
    #expect(
      block.openCount == 0 && block.waitingCount == 0 && block.pool.freeCount == configuration.pageCount)
    shared = nil
  }
}
