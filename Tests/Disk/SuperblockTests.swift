import DiskSimulation
import Testing

@testable import Disk

@Suite struct SuperblockTests {
  private static let otherCopy = DiskLayout.copyByteCount

  @Test func `a superblock comes back as it was written`() {
    var superblock = Superblock(
      generation: 77, id: DiskID(CountingEntropy()), service: "catalog", deviceByteCount: 1 << 30)
    superblock.files[0] = .init(exists: true, byteCount: 300_000, chunks: [3, 1])
    superblock.files[1] = .init(exists: true, byteCount: 262_144, chunks: [2])
    let bytes = superblock.encoded()
    #expect(bytes.count == DiskLayout.blockByteCount)
    #expect(Superblock.start(bytes.span.bytes) == .copy(byteCount: 150))
    #expect(Superblock(validating: bytes.span.bytes.extracting(0..<150)) == superblock)
  }

  @Test func `the longest list of chunks fits into a copy`() {
    let count = DiskLayout.maximumChunkCount
    var superblock = Superblock(
      generation: 2, id: DiskID(CountingEntropy()), service: "catalog", deviceByteCount: 1 << 40)
    superblock.files[0] = .init(
      exists: true, byteCount: Int64(count) << 18, chunks: (1...UInt16(count)).map { $0 })
    let bytes = superblock.encoded()
    #expect(bytes.count == DiskLayout.copyByteCount)
    #expect(Superblock(validating: bytes.span.bytes) == superblock)
    #expect(count * DiskLayout.chunkByteCount > 15 << 30)
  }

  @Test func `a copy with any byte changed is not whole`() {
    var superblock = Superblock(
      generation: 3, id: DiskID(CountingEntropy()), service: "cart", deviceByteCount: 4 << 20)
    superblock.files[0] = .init(exists: true, byteCount: 5000, chunks: [1])
    let bytes = superblock.encoded()
    for index in 20..<146 {
      var damaged = bytes
      damaged[index] ^= 0x10
      #expect(Superblock(validating: damaged.span.bytes.extracting(0..<146)) == nil)
    }
  }

  @Test func `a copy that contradicts itself is not whole, whatever its checksum`() {
    func isWhole(_ file: Superblock.File, _ other: Superblock.File = .init()) -> Bool {
      var superblock = Superblock(
        generation: 3, id: DiskID(CountingEntropy()), service: "cart", deviceByteCount: 1 << 20)
      superblock.files[0] = file
      superblock.files[1] = other
      let bytes = superblock.encoded()
      guard case .copy(let byteCount) = Superblock.start(bytes.span.bytes) else { return false }
      return Superblock(validating: bytes.span.bytes.extracting(0..<byteCount)) != nil
    }
    #expect(isWhole(.init(exists: true, byteCount: 262_144, chunks: [3])))
    // More bytes than the chunks have, a chunk beyond the disk, the superblocks' chunk, a chunk twice.
    #expect(!isWhole(.init(exists: true, byteCount: 262_145, chunks: [3])))
    #expect(!isWhole(.init(exists: true, byteCount: 1, chunks: [4])))
    #expect(!isWhole(.init(exists: true, byteCount: 1, chunks: [0])))
    #expect(!isWhole(.init(exists: true, byteCount: 1, chunks: [2, 2])))
    #expect(
      !isWhole(.init(exists: true, byteCount: 1, chunks: [2]), .init(exists: true, byteCount: 1, chunks: [2]))
    )
  }

  @Test func `a disk that cannot be used is refused by name`() throws {
    func reason(_ disk: SimulatedDisk, service: String = "test") -> DiskError? {
      do throws(DiskError) {
        _ = try Disk(disk, service: service)
        return nil
      } catch {
        return error
      }
    }
    let good = SimulatedDisk.formatted()
    #expect(reason(good) == nil)
    #expect(reason(good, service: "cart") == .otherService(found: "test", expected: "cart"))
    #expect(reason(SimulatedDisk(byteCount: 2 << 20)) == .blank)
    #expect(reason(SimulatedDisk(contents: [UInt8](repeating: 1, count: 2 << 20))) == .foreign)
    #expect(reason(SimulatedDisk(byteCount: 512 << 10)) == .tooSmall(byteCount: 512 << 10))
    #expect(
      reason(SimulatedDisk(byteCount: 2 << 20, sectorByteCount: 8192)) == .unsupportedSector(byteCount: 8192))
    #expect(
      reason(SimulatedDisk(contents: Array(good.contents[..<(1 << 20)])))
        == .shrunk(byteCount: 1 << 20, recordedByteCount: 2 << 20))
    let newer = SimulatedDisk(contents: good.contents)
    newer.overwrite(at: 8, [0, 0, 0, 2])
    #expect(reason(newer) == .newerFormat(version: 2, known: 1))
    let damaged = SimulatedDisk(contents: good.contents)
    for copy in [0, Self.otherCopy] { damaged.overwrite(at: copy + 40, [0xFF, 2, 3]) }
    #expect(reason(damaged) == .damaged)
    let hasty = SimulatedDisk(contents: good.contents)
    hasty.canFlush = false
    #expect(reason(hasty) == .unflushable)
    let broken = SimulatedDisk(contents: good.contents)
    broken.onRead = { _ in .fail }
    #expect(reason(broken) == .failed)
  }

  @Test(arguments: [0, DiskLayout.copyByteCount])
  func `when either copy is damaged the other one holds, and the next flush mends it`(offset: Int) throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    disk.file(.database).create()
    for generation in 2...5 {
      try disk.file(.database).write([UInt8(generation)], at: Int64(generation) << 18)
      try disk.sync()
      #expect(disk.generation == UInt64(generation))
      let copy = SimulatedDisk(contents: device.contents)
      #expect(try !Disk(copy).hasDamagedCopy)
      copy.overwrite(at: offset + 100, [0xFF])
      let hurt = try Disk(copy)
      #expect(hurt.generation == UInt64(generation) && hurt.hasDamagedCopy)
      #expect(try hurt.file(.database).bytes(1, at: Int64(generation) << 18) == [UInt8(generation)])
      try hurt.sync()
      #expect(try Disk(copy).generation == UInt64(generation + 1) && !Disk(copy).hasDamagedCopy)
    }
  }

  @Test(arguments: 0..<4) func `a copy that cannot be read is as good as damaged`(failing: Int) throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    disk.file(.database).create()
    try disk.sync()
    let start = device.readCount
    // A copy is read in two steps, the first copy first.
    device.onRead = { $0 == start + failing ? .fail : .go }
    let opened = try Disk(device)
    #expect(opened.hasDamagedCopy && opened.generation == disk.generation)
    device.onRead = { _ in .go }
    try opened.sync()
    #expect(try !Disk(device).hasDamagedCopy)
  }

  @Test func `a file that is replaced is the old one or the new one, wherever the power goes`() throws {
    let device = SimulatedDisk.formatted(byteCount: 3 << 20)
    let old = [UInt8](repeating: 1, count: 300_000)
    let new = [UInt8](repeating: 2, count: 900_000)
    do {
      let disk = try Disk(device)
      disk.file(.database).create()
      try disk.file(.database).write(old, at: 0)
      try disk.sync()
    }
    var found: [[UInt8]] = []
    device.onOperation = { device, operation in
      for loss in SimulatedDisk.PowerLoss.allCases {
        for seed in 0..<4 {
          let left = device.afterPowerLoss(loss, seed: UInt64(operation * 4 + seed))
          found.append((try? contents(of: .database, on: left)) ?? [])
        }
      }
      return .go
    }
    let disk = try Disk(device)
    disk.file(.database).remove()
    disk.file(.database).create()
    try disk.file(.database).write(new, at: 0)
    try disk.sync()
    try disk.sync()
    device.onOperation = { _, _ in .go }
    #expect(found.count > 16 * 20 && found.allSatisfy { $0 == old || $0 == new })
    #expect(found.contains(old) && found.contains(new))
    #expect(try contents(of: .database, on: device) == new)
  }

  @Test func `a device that has grown has more chunks`() throws {
    let device = SimulatedDisk.formatted()
    let larger = SimulatedDisk(contents: device.contents + [UInt8](repeating: 0xAA, count: 1 << 20))
    let disk = try Disk(larger)
    #expect(disk.chunkCount == 11)
    disk.file(.database).create()
    try disk.file(.database).write([UInt8](repeating: 5, count: 11 << 18), at: 0)
    try disk.sync()
    #expect(try contents(of: .database, on: larger).allSatisfy { $0 == 5 })
  }

  @Test func `formatting again leaves nothing of what was there, wherever the power goes`() throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    for _ in 0..<4 {
      disk.file(.log).create()
      try disk.sync()
      disk.file(.log).remove()
      try disk.sync()
    }
    var found: [String] = []
    device.onOperation = { device, operation in
      for loss in SimulatedDisk.PowerLoss.allCases {
        do throws(DiskError) {
          let disk = try Disk(device.afterPowerLoss(loss, seed: UInt64(operation)))
          found.append("\(disk.service) \(disk.generation)")
        } catch {
          found.append(String(error.name.description))
        }
      }
      return .go
    }
    try Disk.format(device, service: "cart", id: DiskID(CountingEntropy()))
    #expect(try Disk(device).generation == 1 && Disk(device).service == "cart")
    for state in found {
      #expect(
        ["test 9", "cart 1", "blank disk", "foreign disk", "damaged superblock"].contains(state))
    }
  }

  @Test func `every error has advice`() {
    let errors: [DiskError] = [
      .full, .failed, .unflushable, .blank, .foreign, .damaged, .newerFormat(version: 2, known: 1),
      .otherService(found: "a", expected: "b"), .tooSmall(byteCount: 1),
      .shrunk(byteCount: 1, recordedByteCount: 2), .unsupportedSector(byteCount: 8192),
    ]
    for error in errors { #expect(error.advice.utf8.count > 40 && error.advice.hasSuffix(".")) }
  }
}
