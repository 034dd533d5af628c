import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Blkfront

@Suite struct BlkfrontTests {
  private func start(
    _ backend: DiskBackend, memory: GuardedMemory = GuardedMemory(), firstIndex: UInt32 = 0,
    configured change: (inout Blkfront.Configuration) -> Void = { _ in }, park: (() -> Void)? = nil
  ) throws -> Blkfront {
    var configuration = Blkfront.Configuration()
    change(&configuration)
    let block = try Blkfront(
      virtualDevice: 51_712, memory: memory, table: backend.table, configuration: configuration,
      firstIndex: firstIndex, park: park ?? { backend.work() })
    try backend.connect(block)
    return block
  }

  private func read(_ block: Blkfront, at sector: UInt64, _ byteCount: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: byteCount)
    try bytes.withUnsafeMutableBytes { buffer in try block.read(at: sector, into: buffer) }
    return bytes
  }

  private static let plain = ["feature-flush-cache": "1", "sectors": "4096", "sector-size": "512"]

  @Test(arguments: [0, 1, 2, 3])
  func `what was written is read back, whatever the backend knows`(variant: Int) throws {
    let values: [[String: String]] = [
      DiskBackend.everything, Self.plain,
      Self.plain.merging(["feature-max-indirect-segments": "20", "max-ring-page-order": "1"]) { $1 },
      ["feature-barrier": "1", "sectors": "4096", "sector-size": "4096", "feature-persistent": "1"],
    ]
    let memory = GuardedMemory()
    let backend = DiskBackend(values[variant])
    let block = try start(backend, memory: memory)
    let size = block.sectorByteCount
    #expect(block.sectorCount == UInt64(4096 * 512 / size) && block.waitsForBackend)
    var sector: UInt64 = 0
    for byteCount in [1, 2, 7, 8, 9, 88, 89, 300, 511].map({ ($0 * 512 + size - 1) / size * size }) {
      let bytes = frameBytes(byteCount, seed: byteCount)
      try block.write(at: sector, from: bytes.span.bytes)
      #expect(try read(block, at: sector, bytes.count) == bytes)
      sector += UInt64(byteCount / size)
    }
    try block.flush()
    let flush = variant == 3 ? BLKIF_OP_WRITE_BARRIER : BLKIF_OP_FLUSH_DISKCACHE
    #expect(backend.done.last?.operation == flush)
    #expect(backend.done.contains { $0.isIndirect } == (variant == 0 || variant == 2))
    #expect(backend.faults.isEmpty && memory.isWhole && block.inFlightCount == 0)
  }

  @Test func `the rings' pages are as many as the backend takes, in words that old ones know`() throws {
    for (offered, configured, keys) in [
      ("4", 2, ["ring-page-order", "ring-ref0", "ring-ref1", "ring-ref2", "ring-ref3"]),
      ("0", 2, ["ring-ref"]), ("1", 0, ["ring-ref"]),
    ] {
      let backend = DiskBackend(Self.plain.merging(["max-ring-page-order": offered]) { $1 })
      _ = try start(backend, configured: { $0.maximumRingPageOrder = configured })
      #expect(backend.entries.keys.filter { $0.hasPrefix("ring") }.sorted() == keys)
      #expect(backend.entries["protocol"] == "x86_64-abi" && backend.entries["event-channel"] == "9")
      #expect(backend.ring.size == (keys.count > 1 ? 128 : 32))
    }
    let backend = DiskBackend()
    let block = try start(backend)
    backend.leave()
    block.disconnect()
    backend.values["max-ring-page-order"] = nil
    try backend.connect(block)
    #expect(backend.entries["ring-page-order"] == "0")
    #expect(backend.entries["ring-ref"] == backend.entries["ring-ref0"])
    try block.flush()
  }

  @Test func `a long transfer is several requests in flight at once, answered in any order`() throws {
    var numbers = SeededNumbers(seed: 5)
    let backend = DiskBackend()
    let block = try start(
      backend,
      configured: {
        $0.requestCount = 8
        $0.maximumRequestByteCount = 8192
      },
      park: {
        backend.take()
        if !backend.waiting.isEmpty { backend.answer(numbers.pick(0...backend.waiting.count - 1)) }
      })
    let bytes = frameBytes(1 << 18, seed: 9)
    try block.write(at: 0, from: bytes.span.bytes)
    #expect(Array(backend.disk[..<bytes.count]) == bytes && backend.mostWaiting == 8)
    #expect(try read(block, at: 0, bytes.count) == bytes)
    #expect(backend.done.count == 64 && backend.faults.isEmpty)
  }

  @Test(arguments: [0, UInt32.max - 100, UInt32.max - 2])
  func `sectors move on where the indices wrap`(firstIndex: UInt32) throws {
    let backend = DiskBackend()
    let block = try start(backend, firstIndex: firstIndex)
    for round in 0..<300 {
      let bytes = frameBytes(1024, seed: round)
      try block.write(at: UInt64(round), from: bytes.span.bytes)
      #expect(try read(block, at: UInt64(round), 1024) == bytes)
    }
    #expect(backend.faults.isEmpty && block.failure == nil)
  }

  @Test func `pages are granted once`() throws {
    let backend = DiskBackend()
    let block = try start(backend)
    let count = backend.table.grantCalls
    #expect(count == 130)
    for _ in 0..<100 { _ = try read(block, at: 0, 65_536) }
    #expect(backend.table.grantCalls == count && backend.faults.isEmpty)
    #expect(backend.entries["feature-persistent"] == "1")
  }

  @Test func `what is beyond the disk or no whole sector is refused before the backend hears of it`() throws {
    let backend = DiskBackend(Self.plain.merging(["sectors": "16"]) { $1 })
    let block = try start(backend)
    for (sector, count) in [(UInt64(16), 512), (15, 1024), (.max, 512), (0, 511), (0, 17 * 512)] {
      #expect(throws: BlockError.outOfRange) { try read(block, at: sector, count) }
      let bytes = [UInt8](repeating: 0, count: count)
      #expect(throws: BlockError.outOfRange) { try block.write(at: sector, from: bytes.span.bytes) }
    }
    #expect(throws: BlockError.outOfRange) { try read(block, at: 17, 0) }
    #expect(try read(block, at: 16, 0) == [])
    #expect(try read(block, at: 0, 16 * 512).count == 16 * 512 && backend.done.count == 1)
  }

  @Test(arguments: [Int16(-1), -2]) func `a status of failure is an error, and the next request is none`(
    status: Int16
  ) throws {
    let backend = DiskBackend()
    backend.status = { $0 % 2 == 0 ? status : 0 }
    let block = try start(backend)
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
    let backend = DiskBackend()
    backend.status = { $0 == 2 ? -1 : 0 }
    let block = try start(backend, configured: { $0.maximumRequestByteCount = 4096 })
    let bytes = frameBytes(40_960, seed: 1)
    #expect(throws: BlockError.failed) { try block.write(at: 0, from: bytes.span.bytes) }
    #expect(block.inFlightCount == 0 && backend.waiting.isEmpty)
    try block.write(at: 0, from: bytes.span.bytes)
  }

  @Test func `discards go where they are taken, and a read-only disk refuses writes`() throws {
    let backend = DiskBackend()
    backend.disk = [UInt8](repeating: 7, count: backend.disk.count)
    let block = try start(backend)
    try block.discard(at: 10, sectorCount: 250)
    #expect(backend.disk.firstIndex(of: 0) == 5120 && backend.disk.lastIndex(of: 0) == 260 * 512 - 1)
    #expect(throws: BlockError.outOfRange) { try block.discard(at: 4000, sectorCount: 97) }
    let plain = try start(DiskBackend(Self.plain))
    #expect(throws: BlockError.failed) { try plain.discard(at: 0, sectorCount: 1) }

    let values = DiskBackend.everything.merging(["info": "4"]) { $1 }
    #expect(throws: XenError.readOnly) { try start(DiskBackend(values)) }
    let readOnly = try start(DiskBackend(values), configured: { $0.acceptsReadOnly = true })
    let bytes = frameBytes(512, seed: 1)
    #expect(readOnly.isReadOnly)
    #expect(throws: BlockError.failed) { try readOnly.write(at: 0, from: bytes.span.bytes) }
    #expect(throws: BlockError.failed) { try readOnly.discard(at: 0, sectorCount: 1) }
    #expect(try read(readOnly, at: 0, 512).count == 512)
  }

  @Test func `an event comes for the next answer, and for no other`() throws {
    let backend = DiskBackend()
    nonisolated(unsafe) var shared: Blkfront?  // Safe: one thread.
    var parkCount = 0
    let block = try start(
      backend,
      park: {
        parkCount += 1
        backend.work()
        #expect(backend.ring.eventCount == parkCount, "the answer raised an event")
        #expect(shared!.handleEvents() && !shared!.handleEvents())
      })
    shared = block
    for _ in 0..<10 { try block.flush() }
    #expect(parkCount == 10 && backend.channel.notifyCount <= 11 && block.inFlightCount == 0)
    shared = nil
  }
}
