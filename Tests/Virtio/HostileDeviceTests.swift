import DeviceTesting
import Platform
import Testing

@testable import Virtio

/// A rule that a device breaks once: the driver names it, resets the device, and goes on without.
@Suite struct HostileDeviceTests {
  /// What a device writes into a used ring.
  enum Lie: CaseIterable {
    case identifierOutOfRange, identifierHuge, identifierTwice, neverAvailable, tooLong, farTooLong
    case indexOneTooFar, indexBack, indexFar

    func expected(_ queue: UInt16) -> VirtioError {
      switch self {
      case .identifierOutOfRange, .identifierHuge: .usedIdentifierOutOfRange(queue)
      case .identifierTwice, .neverAvailable: .usedIdentifierNotInFlight(queue)
      case .tooLong, .farTooLong: .usedTooLong(queue)
      case .indexOneTooFar, .indexBack, .indexFar: .usedIndexOutOfRange(queue)
      }
    }

    /// Tells it. `inFlight` buffers are, one of `byteCount` writable bytes at `head`; `spare` is not.
    func tell(_ queue: ModelQueue, head: Int, byteCount: Int, spare: Int, inFlight: Int) {
      switch self {
      case .identifierOutOfRange: queue.write(element: UInt32(queue.size), byteCount: 0)
      case .identifierHuge: queue.write(element: .max, byteCount: 0)
      case .identifierTwice:
        queue.write(element: UInt32(head), byteCount: UInt32(min(byteCount, 60)))
        queue.write(element: UInt32(head), byteCount: UInt32(min(byteCount, 60)))
      case .neverAvailable: queue.write(element: UInt32(spare), byteCount: 0)
      case .tooLong: queue.write(element: UInt32(head), byteCount: UInt32(byteCount + 1))
      case .farTooLong: queue.write(element: UInt32(head), byteCount: .max)
      case .indexOneTooFar: queue.usedIndex &+= UInt16(inFlight + 1)
      case .indexBack: queue.usedIndex &-= 1
      case .indexFar: queue.usedIndex &+= 0x8000
      }
      _ = queue.push([])
    }
  }

  private func start(_ model: NetModel, _ memory: GuardedMemory) throws -> VirtioNet {
    try VirtioNet(registers: model.device, memory: memory)
  }

  private func expectGivenUp(
    _ net: VirtioNet, _ error: VirtioError, _ model: NetModel, _ memory: GuardedMemory
  ) {
    #expect(net.failure == error)
    #expect(model.device.isGivenUp && !model.device.queues[0].isReady && !model.device.queues[1].isReady)
    let accesses = model.device.accessCount
    #expect(net.frames().isEmpty && net.send([1, 2, 3]) && net.droppedTransmitCount > 0)
    net.notify()
    net.acknowledgeInterrupt()
    #expect(!net.armInterrupts())
    #expect(model.device.accessCount == accesses, "a device that was given up is left alone")
    #expect(memory.isWhole)
  }

  @Test(arguments: Lie.allCases) func `a lie about received frames is named`(lie: Lie) throws {
    // Full rings have no spare descriptor; for that one, a frame is held while the lie is told.
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    if lie == .neverAvailable {
      #expect(model.receive(frameBytes(60, seed: 1)))
      let spare = Int(model.device.queues[0].used.load(fromByteOffset: 4, as: UInt32.self))
      _ = net.receive(limit: 2) { _ in
        lie.tell(model.device.queues[0], head: 0, byteCount: 0, spare: spare, inFlight: 63)
        #expect(net.receiveQueue.take() == nil)
      }
    } else {
      // A frame of two buffers, so that the second is taken before the first is the device's again.
      let queue = model.device.queues[0]
      let chains = (0..<6).compactMap { _ in queue.pop() }
      #expect(chains[5].head == 5)
      chains[5].writable[0].storeBytes(of: 2, toByteOffset: 10, as: UInt16.self)
      lie.tell(queue, head: 5, byteCount: 4096, spare: 0, inFlight: 64)
      #expect(net.frames().isEmpty)
    }
    expectGivenUp(net, lie.expected(0), model, memory)
  }

  @Test(arguments: Lie.allCases) func `a lie about sent frames is named`(lie: Lie) throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    #expect(net.send(frameBytes(60, seed: 1)) && net.send(frameBytes(9000, seed: 2)))
    net.notify()
    let first = try #require(model.device.queues[1].pop())
    lie.tell(model.device.queues[1], head: first.head, byteCount: 0, spare: 63, inFlight: 64)
    // Room is looked for only when there is none.
    for _ in 0..<80 where net.failure == nil { _ = net.send(frameBytes(60, seed: 3)) }
    expectGivenUp(net, lie.expected(1), model, memory)
  }

  @Test(arguments: Lie.allCases) func `a lie about disk requests is named`(lie: Lie) throws {
    let (model, memory) = (BlockModel(), GuardedMemory())
    let block = try VirtioBlock(registers: model.device, memory: memory) {
      guard let first = model.device.queues[0].pop() else { return }
      first.writable.last![0] = 0
      lie.tell(model.device.queues[0], head: first.head, byteCount: 4097, spare: 30, inFlight: 1)
    }
    let guarded = GuardedMemory()
    let buffer = UnsafeMutableRawBufferPointer(start: guarded.allocate(byteCount: 16_384), count: 16_384)
    #expect(throws: BlockError.failed) {
      if lie == .identifierTwice {
        // Told once it is a read of too few bytes; so this one asks for nothing.
        _ = try block.submit(.flush)
        try block.flush()
      } else {
        try block.read(at: 0, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<4096]))
      }
    }
    let expected: VirtioError = lie == .identifierTwice ? .usedTooLong(0) : lie.expected(0)
    #expect(block.failure == expected && model.device.isGivenUp && memory.isWhole && guarded.isWhole)
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(throws: BlockError.failed) { try block.submit(.flush) }
  }

  @Test(arguments: [UInt16(0), 2, 17, 18, 0xffff])
  func `a frame of buffers that are not there is named`(claimed: UInt16) throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    let chain = try #require(model.device.queues[0].pop())
    chain.writable[0].storeBytes(of: claimed, toByteOffset: 10, as: UInt16.self)
    model.device.push([(chain.head, 72)], on: 0)
    #expect(net.frames().isEmpty)
    expectGivenUp(net, .badBufferCount(claimed), model, memory)
  }

  @Test func `a frame shorter than its header is named`() throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    let chain = try #require(model.device.queues[0].pop())
    model.device.push([(chain.head, 11)], on: 0)
    #expect(net.frames().isEmpty)
    expectGivenUp(net, .usedTooShort(0), model, memory)
  }

  @Test func `frames before a lie are delivered, those behind it are not`() throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    for seed in 0..<3 { #expect(model.receive(frameBytes(60, seed: seed))) }
    Lie.identifierHuge.tell(model.device.queues[0], head: 0, byteCount: 0, spare: 0, inFlight: 64)
    #expect(model.receive(frameBytes(60, seed: 4)))
    #expect(net.frames().count == 3)
    expectGivenUp(net, .usedIdentifierOutOfRange(0), model, memory)
  }

  @Test func `a lie on one queue ends both`() throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    #expect(model.receive(frameBytes(60, seed: 1)))
    #expect(net.send(frameBytes(60, seed: 1)))
    model.device.queues[1].usedIndex &+= 100
    _ = model.device.queues[1].push([])
    for _ in 0..<80 where net.failure == nil { _ = net.send(frameBytes(60, seed: 3)) }
    expectGivenUp(net, .usedIndexOutOfRange(1), model, memory)
  }

  @Test(arguments: [(UInt8(3), VirtioError.badStatus(3)), (0xff, .badStatus(0xff))])
  func `a disk status that is none is named`(status: UInt8, expected: VirtioError) throws {
    let model = BlockModel()
    model.status = { _ in status }
    let block = try VirtioBlock(registers: model.device, memory: GuardedMemory(), park: { model.work() })
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(block.failure == expected && model.device.isGivenUp)
  }

  @Test func `a disk that answers a read with fewer bytes is named`() throws {
    let model = BlockModel()
    let block = try VirtioBlock(registers: model.device, memory: GuardedMemory()) {
      guard let chain = model.device.queues[0].pop() else { return }
      chain.writable.last![0] = 0
      model.device.push([(chain.head, 512)], on: 0)
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 512)
    defer { buffer.deallocate() }
    #expect(throws: BlockError.failed) { try block.read(at: 0, into: buffer) }
    #expect(block.failure == .usedTooShort(0))
  }

  @Test func `a device that asks for its reset is given up`() throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    model.device.askForReset()
    net.acknowledgeInterrupt()
    expectGivenUp(net, .needsReset, model, memory)
    let disk = BlockModel()
    let block = try VirtioBlock(registers: disk.device, memory: GuardedMemory()) { disk.device.askForReset() }
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(block.failure == .needsReset)
  }

  @Test func `a configuration that never keeps still again is given up`() throws {
    let (model, memory) = (NetModel(), GuardedMemory())
    let net = try start(model, memory)
    model.device.changesWhileRead = true
    model.device.reconfigure { $0[6] = 0 }
    net.acknowledgeInterrupt()
    expectGivenUp(net, .configurationUnstable, model, memory)
  }
}
