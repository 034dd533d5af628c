import DeviceTesting
import Testing

@testable import Virtio

@Suite struct SplitQueueTests {
  private struct Rig {
    let model: ModelDevice
    let memory = GuardedMemory()
    let device: MMIODevice
    let queue: SplitQueue
    let buffer: UnsafeMutableRawPointer
    var ring: ModelQueue { model.queues[0] }

    init(features: [Int], size: UInt32, pieces: Int = 1) throws {
      model = ModelDevice(kind: 4, features: features, queueMaxima: [size], configuration: [])
      device = try MMIODevice(registers: model, kind: .entropy)
      try device.negotiate(wanted: [.eventIndex, .indirectDescriptors])
      queue = try SplitQueue(
        device, index: 0, capacity: Int(size), maximumPieceCount: pieces, memory: memory)
      try device.start()
      buffer = try #require(memory.allocate(byteCount: 4096))
    }

    func add(_ byteCounts: [Int], writable: Int = 0) -> Int? {
      var offset = 0
      let pieces = byteCounts.enumerated().map { index, byteCount in
        defer { offset += byteCount }
        return DMAPiece(
          buffer + offset, byteCount: byteCount, isWritable: index >= byteCounts.count - writable)
      }
      return pieces.withUnsafeBufferPointer { queue.add($0) }
    }
  }

  @Test(arguments: [[], [29], [28], [28, 29]]) func `indices wrap at 65,536`(features: [Int]) throws {
    let rig = try Rig(features: features, size: 8, pieces: 2)
    var (added, taken) = (0, 0)
    while taken < 70_000 {
      while rig.add([16, 8], writable: 1) != nil { added += 1 }
      rig.queue.notify()
      while let chain = rig.ring.pop() { rig.model.push([(chain.head, 5)], on: 0) }
      while let used = rig.queue.take() {
        taken += 1
        if used.byteCount != 5 { Issue.record("\(used) at \(taken)") }
      }
      if added != taken {
        Issue.record("\(added) added, \(taken) taken")
        return
      }
    }
    #expect(rig.device.failure == nil && rig.model.allFaults.isEmpty && rig.memory.isWhole)
    #expect(rig.queue.freeCount == 8 && rig.queue.inFlightCount == 0)
  }

  @Test func `a queue is full when its descriptors are out`() throws {
    let direct = try Rig(features: [], size: 8, pieces: 3)
    #expect(direct.add([1, 1, 1]) != nil && direct.add([1, 1, 1]) != nil)
    #expect(direct.add([1, 1, 1]) == nil && direct.queue.freeCount == 2)
    #expect(direct.add([1, 1]) != nil && direct.add([1]) == nil)
    let indirect = try Rig(features: [28], size: 8, pieces: 3)
    for _ in 0..<8 { #expect(indirect.add([1, 1, 1]) != nil) }
    #expect(indirect.add([1]) == nil && indirect.queue.inFlightCount == 8)
    #expect(indirect.ring.pop()?.readable.count == 3)
  }

  @Test func `chains of all lengths come back in any order`() throws {
    for features in [[29], [28, 29]] {
      var numbers = SeededNumbers(seed: 11)
      let rig = try Rig(features: features, size: 16, pieces: 5)
      var out: [Int: Int] = [:]
      var device: [ModelQueue.Chain] = []
      for _ in 0..<5000 {
        let count = numbers.pick(1...5)
        let writable = numbers.pick(0...count)
        if let identifier = rig.add([Int](repeating: 3, count: count), writable: writable) {
          #expect(out.updateValue(3 * writable, forKey: identifier) == nil)
        }
        rig.queue.notify()
        if let chain = rig.ring.pop() { device.append(chain) }
        if !device.isEmpty && numbers.once(in: 2) {
          let chain = device.remove(at: numbers.pick(0...device.count - 1))
          rig.model.push([(chain.head, chain.writableByteCount)], on: 0)
        }
        if let used = rig.queue.take() { #expect(out.removeValue(forKey: used.identifier) == used.byteCount) }
      }
      #expect(rig.device.failure == nil && rig.model.allFaults.isEmpty && rig.memory.isWhole)
    }
  }

  @Test func `the device is told when it wants to be, and once for many`() throws {
    let rig = try Rig(features: [29], size: 8)
    for _ in 0..<3 { #expect(rig.add([1]) != nil) }
    rig.queue.notify()
    rig.queue.notify()
    #expect(rig.ring.kickCount == 1)
    // It looks by itself until it has seen the sixth.
    rig.ring.wantKick(at: 5)
    for _ in 0..<2 { #expect(rig.add([1]) != nil) }
    rig.queue.notify()
    #expect(rig.ring.kickCount == 1)
    #expect(rig.add([1]) != nil)
    rig.queue.notify()
    #expect(rig.ring.kickCount == 2)
  }

  @Test func `without an event index the flags suppress both sides`() throws {
    let rig = try Rig(features: [], size: 8)
    #expect(rig.ring.suppressesInterrupts)
    rig.queue.arm()
    #expect(!rig.ring.suppressesInterrupts)
    rig.ring.used.storeBytes(of: 1, as: UInt16.self)
    #expect(rig.add([1]) != nil)
    rig.queue.notify()
    #expect(rig.ring.kickCount == 0)
    rig.ring.used.storeBytes(of: 0, as: UInt16.self)
    #expect(rig.add([1]) != nil)
    rig.queue.notify()
    #expect(rig.ring.kickCount == 1)
  }

  @Test func `an interrupt comes after as many buffers as were asked for`() throws {
    let rig = try Rig(features: [29], size: 8)
    for _ in 0..<8 { #expect(rig.add([1]) != nil) }
    rig.queue.arm(after: 2)
    for expected in [0, 0, 1, 1] {
      let chain = try #require(rig.ring.pop())
      rig.model.push([(chain.head, 0)], on: 0)
      #expect(rig.ring.interruptCount == expected)
    }
    #expect(rig.queue.hasUsed(moreThan: 3) && !rig.queue.hasUsed(moreThan: 4))
    rig.queue.disarm()
    for _ in 0..<4 {
      let chain = try #require(rig.ring.pop())
      rig.model.push([(chain.head, 0)], on: 0)
    }
    #expect(rig.ring.interruptCount == 1)
  }
}
