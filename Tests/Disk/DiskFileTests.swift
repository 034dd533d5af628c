import DiskSimulation
import Testing

@testable import Disk

@Suite struct DiskFileTests {
  @Test(arguments: [512, 1024, 4096]) func `bytes at any offset come back as in a plain array`(sector: Int)
    throws
  {
    let device = SimulatedDisk.formatted(byteCount: 4 << 20, sectorByteCount: sector)
    var disk = try Disk(device)
    var random = Dice(state: UInt64(sector))
    var models: [[UInt8]] = [[], [], []]
    for kind in DiskFileKind.allCases { disk.file(kind).create() }
    for step in 0..<1500 {
      let kind = DiskFileKind.allCases[random.next(below: 3)]
      let file = disk.file(kind)
      var model = models[kind.rawValue]
      let offset =
        random.next(below: 4) == 0 ? random.next(below: 700_000) : random.next(below: model.count + 1)
      switch random.next(below: 10) {
      case 0..<6:
        let count = [1, 24, 512, 4096, 4096, 70_000][random.next(below: 6)]
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ step) }
        try file.write(bytes, at: Int64(offset))
        if model.count < offset + count { model += Array(repeating: 0, count: offset + count - model.count) }
        model.replaceSubrange(offset..<offset + count, with: bytes)
      case 6..<8:
        let count = [1, 100, 512, 4096, 9000][random.next(below: 5)]
        let expected = offset < model.count ? Array(model[offset..<min(offset + count, model.count)]) : []
        let isSame = try file.bytes(count, at: Int64(offset)) == expected
        #expect(isSame, "step \(step)")
      case 8:
        let new = random.next(below: max(1, model.count) + 5000)
        try file.truncate(to: Int64(new))
        model =
          new <= model.count ? Array(model[..<new]) : model + Array(repeating: 0, count: new - model.count)
      default:
        try disk.sync()
        // What was synced is what another opener finds; a log is longer by zeros.
        if random.next(below: 4) == 0 {
          models[kind.rawValue] = model
          disk = try Disk(device)
          for kind in DiskFileKind.allCases {
            let found = try disk.file(kind).bytes()
            let written = models[kind.rawValue].count
            // Not inside #expect, which would spell out their differences.
            let isSame = Array(found.prefix(written)) == models[kind.rawValue]
            #expect(isSame, "step \(step)")
            #expect(kind == .log || found.count == written)
            if kind == .log { try disk.file(.log).truncate(to: Int64(written)) }
          }
          model = models[kind.rawValue]
        }
      }
      models[kind.rawValue] = model
      #expect(disk.file(kind).byteCount == model.count)
    }
  }

  @Test func `writes that follow one another reach the device as one`() throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    let log = disk.file(.log)
    log.create()
    try log.write([UInt8](repeating: 1, count: 32), at: 0)
    try disk.sync()
    let (writes, flushes) = (device.writeCount, device.flushCount)
    for frame in 0..<5 {
      let offset = 32 + Int64(frame) * 4120
      try log.write([UInt8](repeating: 2, count: 24), at: offset)
      try log.write([UInt8](repeating: 3, count: 4096), at: offset + 24)
    }
    try disk.sync()
    #expect(device.writeCount - writes == 1)
    #expect(device.flushCount - flushes == 1)
  }

  @Test func `a full disk refuses a write and keeps what it has`() throws {
    let disk = try Disk(SimulatedDisk.formatted(byteCount: DiskLayout.minimumByteCount))
    #expect(disk.chunkCount == 3 && disk.freeChunkCount == 3)
    let file = disk.file(.database)
    file.create()
    let chunk = [UInt8](repeating: 7, count: DiskLayout.chunkByteCount)
    for index in 0..<3 { try file.write(chunk, at: Int64(index * chunk.count)) }
    #expect(throws: DiskError.full) { try file.write([1], at: file.byteCount) }
    #expect(throws: DiskError.full) { try file.truncate(to: file.byteCount + 1) }
    #expect(file.byteCount == 3 * chunk.count && disk.freeChunkCount == 0)
    try disk.sync()
    // Given back, they are there again at once: the superblock is written on the way.
    try file.truncate(to: 1)
    let log = disk.file(.log)
    log.create()
    try log.write(chunk, at: 0)
    try log.write(chunk, at: Int64(chunk.count))
    try disk.sync()
    #expect(try file.bytes() == [7])
  }

  @Test func `bytes that the device refuses are kept and tried again`() throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    let file = disk.file(.database)
    file.create()
    try file.write([UInt8](repeating: 1, count: 4096), at: 0)
    try disk.sync()
    try file.write([2], at: 0)
    device.onOperation = { _, _ in .fail }
    #expect(throws: DiskError.failed) { try disk.sync() }
    #expect(throws: DiskError.failed) { try file.truncate(to: 100) }
    device.onOperation = { _, _ in .go }
    #expect(try file.bytes(2, at: 0) == [2, 1])
    try disk.sync()
    #expect(try contents(of: .database, on: device).prefix(2) == [2, 1])
  }

  @Test func `after a flush that failed nothing is written until the disk is opened anew`() throws {
    let device = SimulatedDisk.formatted()
    let disk = try Disk(device)
    let file = disk.file(.database)
    file.create()
    try file.write([1], at: 0)
    try disk.sync()
    try file.write([2], at: 0)
    let flush = device.operationCount + 1
    device.onOperation = { _, operation in operation == flush ? .forget(seed: 1) : .go }
    #expect(throws: DiskError.failed) { try disk.sync() }
    let operations = device.operationCount
    #expect(throws: DiskError.failed) { try disk.sync() }
    try file.write([3], at: 4096)
    #expect(throws: DiskError.failed) { try disk.sync() }
    #expect(device.operationCount == operations)
    let again = try Disk(device)
    again.file(.log).create()
    try again.sync()
  }

  @Test func `a chunk that was another file's holds zeros`() throws {
    let device = SimulatedDisk.formatted(byteCount: DiskLayout.minimumByteCount)
    let disk = try Disk(device)
    let log = disk.file(.log)
    log.create()
    try log.write([UInt8](repeating: 9, count: 3 * DiskLayout.chunkByteCount), at: 0)
    try disk.sync()
    log.remove()
    let file = disk.file(.database)
    file.create()
    try file.write([1], at: 600_000)
    try disk.sync()
    let found = try contents(of: .database, on: device)
    #expect(found.count == 600_001 && found.last == 1 && found.dropLast().allSatisfy { $0 == 0 })
  }
}
