import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Blkfront

/// A rule that a backend breaks once: the driver names it, takes its grants and channel back, and ends what waits.
@Suite struct HostileDiskTests {
  enum Lie: CaseIterable {
    case indexOneTooFar, indexBack, indexFar, identifierOutOfRange, identifierHuge, identifierTwice
    case neverSubmitted, oldGeneration, newGeneration, otherOperation, unknownOperation, indirectOperation
    case oddStatus, positiveStatus, lowestStatus

    var expected: XenError {
      switch self {
      case .indexOneTooFar, .indexBack, .indexFar: .diskIndexRanAway
      case .identifierOutOfRange, .identifierHuge, .identifierTwice, .neverSubmitted, .oldGeneration,
        .newGeneration:
        .diskIdentifier
      case .otherOperation, .unknownOperation, .indirectOperation: .diskOperation
      case .oddStatus, .positiveStatus, .lowestStatus: .diskStatus
      }
    }

    /// Tells it about `request`, the first of two in flight.
    func tell(_ backend: DiskBackend, _ request: DiskBackend.Request) {
      let ring = backend.ring!
      let (identifier, operation) = (request.identifier, UInt8(request.operation))
      switch self {
      case .indexOneTooFar: return ring.show(responseIndex: ring.responseIndex &+ 3)
      case .indexBack: return ring.show(responseIndex: ring.responseIndex &- 1)
      case .indexFar: return ring.show(responseIndex: ring.responseIndex &+ 0x8000_0000)
      case .identifierOutOfRange: backend.respond(64, operation, 0)
      case .identifierHuge: backend.respond(.max, operation, 0)
      case .identifierTwice: for _ in 0..<2 { backend.respond(identifier, operation, 0) }
      case .neverSubmitted: backend.respond(identifier ^ 5, operation, 0)
      case .oldGeneration: backend.respond(identifier - 1 << 16, operation, 0)
      case .newGeneration: backend.respond(identifier + 1 << 16, operation, 0)
      case .otherOperation: backend.respond(identifier, UInt8(BLKIF_OP_FLUSH_DISKCACHE), 0)
      case .unknownOperation: backend.respond(identifier, 0xff, 0)
      case .indirectOperation: backend.respond(identifier, UInt8(BLKIF_OP_INDIRECT), 0)
      case .oddStatus: backend.respond(identifier, operation, -3)
      case .positiveStatus: backend.respond(identifier, operation, 1)
      case .lowestStatus: backend.respond(identifier, operation, -0x8000)
      }
      ring.push()
    }
  }

  @Test(arguments: Lie.allCases, [false, true])
  func `a lie about requests is named, and ends what is under way`(lie: Lie, isWrite: Bool) throws {
    let (backend, memory, data) = (DiskBackend(), GuardedMemory(), GuardedMemory())
    var configuration = Blkfront.Configuration()
    configuration.maximumRequestByteCount = 4096
    var isTold = false
    let block = try Blkfront(
      virtualDevice: 51_712, memory: memory, table: backend.table, configuration: configuration
    ) {
      // Once: who does not see it is served, and the test fails.
      guard !isTold else { return backend.work() }
      isTold = true
      backend.take()
      lie.tell(backend, backend.waiting[0])
    }
    try backend.connect(block)
    let buffer = UnsafeMutableRawBufferPointer(start: data.allocate(byteCount: 8192), count: 8192)
    #expect(throws: BlockError.failed) {
      if isWrite {
        try block.write(at: 8, from: UnsafeRawBufferPointer(buffer).bytes)
      } else {
        try block.read(at: 8, into: buffer)
      }
    }
    #expect(block.failure == lie.expected && !block.isConnected && backend.channel.isClosed)
    #expect(memory.isWhole && data.isWhole && block.openCount == 0 && block.pool.freeCount == 128)
    #expect(block.inFlightCount == 1 && block.handleEvents() && block.inFlightCount == 0, "it is news once")
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(throws: BlockError.failed) { try block.read(at: 0, into: buffer) }
    #expect(throws: lie.expected) { try backend.connect(block) }
    #expect(block.hasFailedFlush && backend.table.faults.isEmpty)
    block.disconnect()
    block.forget()
  }

  @Test func `what was read stays as it is while the backend writes to everything it can`() throws {
    let (backend, memory) = (DiskBackend(), GuardedMemory())
    let block = try Blkfront(virtualDevice: 51_712, memory: memory, table: backend.table) { backend.work() }
    try backend.connect(block)
    backend.disk.replaceSubrange(0..<65_536, with: frameBytes(65_536, seed: 1))
    var bytes = [UInt8](repeating: 0, count: 65_536)
    try bytes.withUnsafeMutableBytes { buffer in try block.read(at: 0, into: buffer) }
    for region in memory.regions { region.initializeMemory(as: UInt8.self, repeating: 0xff) }
    #expect(bytes == frameBytes(65_536, seed: 1))
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(block.failure == .diskIndexRanAway && memory.isWhole)
  }

  @Test func `a lie while a long transfer waits for room ends all of it`() throws {
    let (backend, memory) = (DiskBackend(), GuardedMemory())
    nonisolated(unsafe) var shared: Blkfront?  // Safe: one thread.
    let block = try Blkfront(virtualDevice: 51_712, memory: memory, table: backend.table) {
      backend.take()
      Lie.identifierHuge.tell(backend, backend.waiting[0])
      _ = shared?.handleEvents()
    }
    shared = block
    try backend.connect(block)
    let bytes = [UInt8](repeating: 1, count: 1 << 20)
    #expect(throws: BlockError.failed) { try block.write(at: 0, from: bytes.span.bytes) }
    #expect(block.failure == .diskIdentifier && block.openCount == 0 && block.waitingCount == 0)
    shared = nil
  }

  @Test func `a disk that is abandoned ends what is under way`() throws {
    let backend = DiskBackend()
    nonisolated(unsafe) var shared: Blkfront?  // Safe: one thread.
    let block = try Blkfront(virtualDevice: 51_712, memory: GuardedMemory(), table: backend.table) {
      shared?.abandon()
    }
    shared = block
    try backend.connect(block)
    #expect(throws: BlockError.failed) { try block.flush() }
    #expect(block.failure == .diskAbandoned && block.hasFailedFlush && backend.channel.isClosed)
    shared = nil
  }

  @Test(
    arguments: [
      (["feature-flush-cache": nil, "feature-barrier": nil], XenError.unflushable),
      (["feature-flush-cache": "0", "feature-barrier": "0"], .unflushable),
      (["feature-flush-cache": "on"], XenError("the backend's feature-flush-cache is no number")),
      (["sectors": nil], XenError("the backend says no sectors")), (["sectors": "0"], .badCapacity),
      (["sectors": "18014398509481984"], .badCapacity),
      (["sectors": "7", "sector-size": "4096"], .badCapacity),
      (["sectors": "18446744073709551616"], XenError("the backend's sectors is no number")),
      (["sector-size": nil], XenError("the backend says no sector-size")),
      (["sector-size": "0"], .badSectorSize),
      (["sector-size": "511"], .badSectorSize), (["sector-size": "1536"], .badSectorSize),
      (["sector-size": "8192"], .badSectorSize), (["info": "r"], XenError("the backend's info is no number")),
      (["max-ring-page-order": "x"], XenError("the backend's max-ring-page-order is no number")),
      (
        ["feature-max-indirect-segments": "-1"],
        XenError("the backend's feature-max-indirect-segments is no number")
      ),
    ] as [([String: String?], XenError)])
  func `a backend that makes no sense is refused in words`(changes: [String: String?], expected: XenError)
    throws
  {
    let backend = DiskBackend()
    for (key, value) in changes { backend.values[key] = value }
    let block = try Blkfront(virtualDevice: 51_712, memory: GuardedMemory(), table: backend.table) {}
    #expect(throws: expected) { try backend.connect(block) }
    #expect(!block.isConnected && block.failure == nil && block.sectorCount == 0)
    backend.leave()
    block.disconnect()
    #expect(backend.table.grantedCount == 0 && backend.table.faults.isEmpty)
    // The next one may be better.
    backend.values = DiskBackend.everything
    try backend.connect(block)
    #expect(block.isConnected && block.sectorCount == 4096)
  }

  @Test func `numbers without measure are cut to what is of use`() throws {
    let backend = DiskBackend()
    for key in ["max-ring-page-order", "feature-max-indirect-segments"] {
      backend.values[key] = "18446744073709551615"
    }
    let block = try Blkfront(virtualDevice: .max, memory: GuardedMemory(), table: backend.table) {}
    try backend.prepare(block)
    #expect(backend.ring.size == 64)
    try block.start { backend.values[$0] }
    #expect(block.maximumRequestByteCount == 128 * 1024)
  }

  @Test func `a full grant table is an error that leaves nothing behind`() throws {
    for capacity in [0, 1, 2, 3, 129] {
      let table = SimulatedGrantTable(capacity: capacity)
      let backend = DiskBackend(table: table)
      let block = try Blkfront(virtualDevice: 51_712, memory: GuardedMemory(), table: table) {
        backend.work()
      }
      #expect(throws: XenError("the grant table is full")) { try backend.connect(block) }
      #expect(table.grantedCount == 0 && !block.isConnected && block.failure == nil)
    }
    for pages in [0, 1, 2, 3, 129] {
      #expect(throws: XenError.self) {
        try Blkfront(
          virtualDevice: 51_712, memory: GuardedMemory(budget: pages * 4096), table: SimulatedGrantTable()
        ) {}
      }
    }
  }
}
