import DeviceTesting
import Testing
import Virtio

@Suite struct VirtioRandomTests {
  private func device() -> ModelDevice {
    ModelDevice(kind: 4, features: [28, 29], queueMaxima: [8], configuration: [])
  }

  private func fill(_ random: VirtioRandom, _ byteCount: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    try bytes.withUnsafeMutableBytes { buffer in try random.fill(buffer) }
    return bytes
  }

  @Test func `every byte of the device is handed out once, in portions of any length`() throws {
    let (device, memory) = (device(), GuardedMemory())
    var (next, portion) = (0, 0)
    let random = try VirtioRandom(registers: device, memory: memory) {
      guard let chain = device.queues[0].pop() else { return }
      portion = portion % 100 + 1
      let bytes = (0..<min(portion, chain.writableByteCount)).map { UInt8(truncatingIfNeeded: next + $0) }
      next += chain.write(bytes[...])
      device.push([(chain.head, bytes.count)], on: 0)
    }
    var expected = 0
    for byteCount in [1, 32, 256, 257, 1000] {
      let bytes = try fill(random, byteCount)
      #expect(bytes == (0..<byteCount).map { UInt8(truncatingIfNeeded: expected + $0) })
      expected += byteCount
    }
    #expect(next == expected && memory.isWhole && device.allFaults.isEmpty)
    #expect(memory.regions.last!.allSatisfy { $0 == 0 }, "nothing handed out is left in shared memory")
    #expect(try fill(random, 0) == [])
  }

  @Test func `a silent device is given up after its limit`() throws {
    let device = device()
    var parkCount = 0
    let random = try VirtioRandom(registers: device, memory: GuardedMemory(), maximumParkCount: 10) {
      parkCount += 1
    }
    #expect(throws: VirtioError.abandoned) { try fill(random, 1) }
    #expect(device.isGivenUp && parkCount <= 11)
    #expect(throws: VirtioError.abandoned) { try fill(random, 1) }
  }

  @Test(arguments: [
    (UInt32(0), UInt32(0), VirtioError.usedTooShort(0)), (UInt32(0), UInt32(33), .usedTooLong(0)),
    (UInt32(1), UInt32(1), .usedIdentifierOutOfRange(0)),
    (UInt32.max, UInt32(1), .usedIdentifierOutOfRange(0)),
  ]) func `a wrong answer is named`(element: UInt32, byteCount: UInt32, expected: VirtioError) throws {
    let device = device()
    let random = try VirtioRandom(registers: device, memory: GuardedMemory()) {
      let queue = device.queues[0]
      queue.write(element: element, byteCount: byteCount)
      _ = queue.push([])
    }
    #expect(throws: expected) { try fill(random, 32) }
    #expect(device.isGivenUp)
  }

  @Test func `a device that asks for its reset is given up`() throws {
    let device = device()
    let random = try VirtioRandom(registers: device, memory: GuardedMemory()) { device.askForReset() }
    #expect(throws: VirtioError.needsReset) { try fill(random, 32) }
  }
}
