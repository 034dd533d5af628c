import DeviceTesting
import Platform
import Testing
import Virtio

@Suite struct VirtioBlockTests {
  private func start(
    _ model: BlockModel, requests: Int = 32, requestByteCount: Int = 128 * 1024,
    memory: GuardedMemory = GuardedMemory(), park: (() -> Void)? = nil
  ) throws -> VirtioBlock {
    var configuration = VirtioBlock.Configuration()
    configuration.requestCount = requests
    configuration.maximumRequestByteCount = requestByteCount
    return try VirtioBlock(
      registers: model.device, memory: memory, configuration: configuration,
      park: park ?? { model.work() })
  }

  private func read(_ block: VirtioBlock, at sector: UInt64, _ byteCount: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: byteCount)
    try bytes.withUnsafeMutableBytes { buffer in try block.read(at: sector, into: buffer) }
    return bytes
  }

  @Test(arguments: [BlockModel.everything, [9], [2, 9], [2, 9, 28], [1, 2, 9], [9, 29]])
  func `what was written is read back, whatever the device knows`(features: [Int]) throws {
    let memory = GuardedMemory()
    let model = BlockModel(features: features, sizeMax: 4096, segMax: 6)
    let block = try start(model, memory: memory)
    var sector: UInt64 = 0
    for sectors in [1, 2, 7, 8, 9, 300, 511] {
      let bytes = frameBytes(sectors * 512, seed: sectors)
      try block.write(at: sector, from: bytes.span.bytes)
      #expect(try read(block, at: sector, bytes.count) == bytes)
      sector += UInt64(sectors)
    }
    try block.flush()
    #expect(model.done.last?.kind == 4)
    #expect(model.device.allFaults.isEmpty && memory.isWhole && block.inFlightCount == 0)
  }

  @Test func `a long transfer is several requests in flight at once, answered in any order`() throws {
    var numbers = SeededNumbers(seed: 5)
    let model = BlockModel()
    let block = try start(
      model, requests: 8, requestByteCount: 8192,
      park: {
        model.take()
        if !model.waiting.isEmpty { model.answer(numbers.pick(0...model.waiting.count - 1)) }
      })
    let bytes = frameBytes(1 << 20, seed: 9)
    try block.write(at: 0, from: bytes.span.bytes)
    #expect(model.disk == bytes && model.mostWaiting == 8)
    #expect(try read(block, at: 0, 1 << 20) == bytes)
    #expect(model.done.count == 256 && model.done.allSatisfy { $0.byteCount == 8192 })
  }

  @Test func `blocks larger than 512 bytes are the sectors`() throws {
    let model = BlockModel(blockByteCount: 4096)
    let block = try start(model)
    #expect(block.sectorByteCount == 4096 && block.sectorCount == 256)
    let bytes = frameBytes(8192, seed: 1)
    try block.write(at: 3, from: bytes.span.bytes)
    #expect(model.done[0].sector == 24)
    #expect(try read(block, at: 3, 8192) == bytes)
    #expect(throws: BlockError.outOfRange) { try read(block, at: 0, 512) }
  }

  @Test func `what is beyond the disk or no whole sector is refused before the device hears of it`() throws {
    let model = BlockModel(capacity: 16)
    let block = try start(model)
    for (sector, count) in [(UInt64(16), 512), (15, 1024), (.max, 512), (0, 511), (0, 17 * 512)] {
      #expect(throws: BlockError.outOfRange) { try read(block, at: sector, count) }
      let bytes = [UInt8](repeating: 0, count: count)
      #expect(throws: BlockError.outOfRange) { try block.write(at: sector, from: bytes.span.bytes) }
    }
    #expect(throws: BlockError.outOfRange) { try read(block, at: 17, 0) }
    #expect(try read(block, at: 16, 0) == [])
    #expect(try read(block, at: 0, 16 * 512).count == 16 * 512)
    #expect(model.done.count == 1)
  }

  @Test(arguments: [UInt8(1), 2]) func `a status of failure is an error, and the next request is none`(
    status: UInt8
  ) throws {
    let model = BlockModel()
    model.status = { $0 % 2 == 0 ? status : 0 }
    let block = try start(model)
    let bytes = frameBytes(512, seed: 1)
    #expect(throws: BlockError.failed) { try block.write(at: 0, from: bytes.span.bytes) }
    try block.write(at: 0, from: bytes.span.bytes)
    #expect(!block.hasFailedFlush)
    #expect(throws: BlockError.failed) { try block.flush() }
    try block.flush()
    #expect(throws: BlockError.failed) { try read(block, at: 0, 512) }
    #expect(try read(block, at: 0, 512) == bytes)
    #expect(block.hasFailedFlush, "it stays known, though the next flush succeeded")
    #expect(block.failure == nil && block.inFlightCount == 0)
  }

  @Test func `one failed request fails its transfer after all of it ended`() throws {
    let model = BlockModel()
    model.status = { $0 == 2 ? 1 : 0 }
    let block = try start(model, requests: 4, requestByteCount: 4096)
    let bytes = frameBytes(40_960, seed: 1)
    #expect(throws: BlockError.failed) { try block.write(at: 0, from: bytes.span.bytes) }
    #expect(block.inFlightCount == 0 && model.waiting.isEmpty)
    try block.write(at: 0, from: bytes.span.bytes)
  }

  @Test func `tickets end in any order`() throws {
    let model = BlockModel()
    let block = try start(model, requests: 4)
    let bytes = frameBytes(2048, seed: 3)
    try bytes.withUnsafeBytes { source throws in
      var tickets: [BlockTicket] = []
      for index in 0..<4 {
        let part = UnsafeRawBufferPointer(rebasing: source[index * 512..<index * 512 + 512])
        tickets.append(try #require(try block.submit(.write(sectorIndex: UInt64(index), from: part))))
      }
      #expect(try block.submit(.flush) == nil, "four requests are out")
      block.kick()
      #expect(model.device.queues[0].kickCount == 1)
      model.take()
      model.answer(2)
      #expect(block.poll())
      #expect(tickets.map { block.isDone($0) } == [false, false, true, false])
      try block.finish(tickets[2])
      let flush = try #require(try block.submit(.flush))
      block.kick()
      model.work()
      #expect(block.handleEvents())
      for ticket in [tickets[3], tickets[0], flush, tickets[1]] { try block.finish(ticket) }
    }
    #expect(Array(model.disk[..<2048]) == bytes && block.inFlightCount == 0)
  }

  @Test func `events cost no register access when nothing is under way or something ended`() throws {
    let model = BlockModel()
    let block = try start(model)
    var accesses = model.device.accessCount
    #expect(!block.handleEvents() && model.device.accessCount == accesses)
    let flush = try #require(try block.submit(.flush))
    block.kick()
    #expect(!block.armInterrupts() && !block.handleEvents())
    model.work()
    accesses = model.device.accessCount
    #expect(model.device.edgeCount == 1 && block.handleEvents() && model.device.accessCount == accesses)
    try block.finish(flush)
    let next = try #require(try block.submit(.flush))
    block.kick()
    #expect(!block.armInterrupts() && model.device.interruptStatus == 0, "the next one is an edge")
    model.device.askForReset()
    #expect(block.handleEvents() && block.failure == .needsReset)
    #expect(throws: BlockError.failed) { try block.finish(next) }
  }

  @Test func `a waiting transfer and somebody else's tickets share the queue`() throws {
    let model = BlockModel()
    nonisolated(unsafe) var shared: VirtioBlock?  // Safe: one thread.
    var (tickets, scratch) = (
      [BlockTicket](), UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)
    )
    defer { scratch.deallocate() }
    let block = try start(
      model, requests: 4, requestByteCount: 4096,
      park: {
        if let ticket = try? shared?.submit(.read(sectorIndex: 9, into: scratch)) { tickets.append(ticket) }
        shared?.kick()
        model.work()
        _ = shared?.poll()
        for ticket in tickets where shared?.isDone(ticket) == true { try? shared?.finish(ticket) }
        tickets.removeAll()
      })
    shared = block
    let bytes = frameBytes(65_536, seed: 1)
    try block.write(at: 0, from: bytes.span.bytes)
    #expect(Array(model.disk[..<65_536]) == bytes && block.inFlightCount == 0)
    shared = nil
  }

  @Test func `discards are cut to what the device takes`() throws {
    let model = BlockModel(maximumDiscard: 100)
    let block = try start(model)
    model.disk = [UInt8](repeating: 7, count: model.disk.count)
    try block.discard(at: 10, sectorCount: 250)
    #expect(model.done.map(\.byteCount) == [51_200, 51_200, 25_600])
    #expect(model.disk.firstIndex(of: 0) == 5120 && model.disk.lastIndex(of: 0) == 260 * 512 - 1)
    #expect(throws: BlockError.outOfRange) { try block.discard(at: 2000, sectorCount: 49) }
    let plain = try start(BlockModel(features: [9]))
    #expect(throws: BlockError.failed) { try plain.discard(at: 0, sectorCount: 1) }
  }

  @Test func `a read-only disk refuses writes`() throws {
    let block = try start(BlockModel(features: [5, 9]))
    let bytes = frameBytes(512, seed: 1)
    #expect(block.isReadOnly)
    #expect(throws: BlockError.failed) { try block.write(at: 0, from: bytes.span.bytes) }
    #expect(try read(block, at: 0, 512).count == 512)
  }

  @Test func `a device that is abandoned ends what is under way`() throws {
    let model = BlockModel()
    nonisolated(unsafe) var shared: VirtioBlock?  // Safe: one thread.
    let block = try start(model, park: { shared?.abandon() })
    shared = block
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(block.failure == .abandoned && model.device.isGivenUp && !model.device.queues[0].isReady)
    #expect(throws: BlockError.failed) { try read(block, at: 0, 512) }
    shared = nil
  }

  @Test func `a disk with a configuration that makes no sense is refused`() {
    func error(_ model: BlockModel) -> VirtioError? {
      do throws(VirtioError) {
        _ = try VirtioBlock(registers: model.device, memory: GuardedMemory(), park: {})
        return nil
      } catch {
        return model.device.isGivenUp ? error : nil
      }
    }
    #expect(error(BlockModel(features: [1, 2, 6])) == .unflushable)
    for capacity in [UInt64(0), 1 << 55, .max] {
      #expect(error(BlockModel(capacity: capacity)) == .badConfiguration(.capacity))
    }
    for size in [UInt32(0), 1, 511, 513, 1536, 131_072, .max] {
      #expect(error(BlockModel(blockByteCount: size)) == .badConfiguration(.blockSize))
    }
    #expect(error(BlockModel(capacity: 7, blockByteCount: 4096)) == .badConfiguration(.capacity))
    #expect(error(BlockModel(segMax: 0)) == .badConfiguration(.segmentCount))
    for size in [UInt32(0), 1, 511] {
      #expect(error(BlockModel(sizeMax: size)) == .badConfiguration(.segmentSize))
    }
    #expect(
      error(BlockModel(sizeMax: 512, segMax: 1, blockByteCount: 4096)) == .badConfiguration(.segmentSize))
    #expect(error(BlockModel(features: [9], queueMaximum: 0)) == .queueUnavailable(0))
    #expect(error(BlockModel(features: [9], queueMaximum: 2)) == .queueTooSmall(0))
  }
}
