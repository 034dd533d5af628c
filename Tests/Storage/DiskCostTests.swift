import Disk
import DiskSimulation
import Testing

@testable import Storage

/// What a database costs its disk: figures that must not grow unnoticed.
@Suite struct DiskCostTests {
  @Test func `a commit is one flush, and mostly one write`() throws {
    let disk = SimulatedDisk.formatted(byteCount: 8 << 20)
    let bench = Bench(disk: disk)
    let database = try bench.open().get()
    // The log's first chunk.
    _ = bench.insert("first", into: database)
    bench.finish()
    let before = (writes: disk.writeCount, reads: disk.readCount, bytes: disk.writtenByteCount)
    var superblocks = 0
    for number in 0..<100 {
      let flushes = disk.flushCount
      _ = bench.insert("\(number)", into: database)
      bench.finish()
      if disk.flushCount - flushes == 2 { superblocks += 1 } else { #expect(disk.flushCount - flushes == 1) }
    }
    let writes = disk.writeCount - before.writes
    // Two pages (table and index) and what fills the last block; the log grows by a chunk every 20th to 30th.
    #expect(superblocks <= 5 && writes <= 130 && disk.readCount == before.reads)
    #expect(disk.writtenByteCount - before.bytes <= 100 * 24 << 10)
    bench.close(database)
  }

  @Test func `an empty database takes two chunks, and one when it is closed`() throws {
    let device = SimulatedDisk.formatted(byteCount: DiskLayout.minimumByteCount)
    let bench = Bench(disk: device)
    let database = try bench.open().get()
    func chunkCounts() throws -> [Int] {
      let disk = try Disk(SimulatedDisk(contents: device.contents))
      return DiskFileKind.allCases.map { disk.file($0).chunkCount }
    }
    #expect(try chunkCounts() == [1, 1, 0])
    bench.close(database)
    #expect(try chunkCounts() == [1, 0, 0])
    #expect(device.writeCount <= 40 && device.flushCount <= 20)
  }
}
