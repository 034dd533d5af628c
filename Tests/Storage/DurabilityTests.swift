import Foundation
import Testing

@testable import Storage

/// What a machine that dies leaves behind is the file and its log as they are at that moment: these tests copy
/// both after every job of the worker and open the copy.
@Suite struct DurabilityTests {
  let bench = Bench()

  /// The names in a copy of the files as they are now, with only `logByteCount` bytes of the log.
  private func namesAfterCrash(logByteCount: UInt64? = nil) throws -> [String] {
    let other = Bench()
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: bench.path + suffix) {
      try FileManager.default.copyItem(atPath: bench.path + suffix, toPath: other.path + suffix)
    }
    if let logByteCount {
      let log = try FileHandle(forUpdating: URL(fileURLWithPath: other.path + "-wal"))
      try log.truncate(atOffset: logByteCount)
      try log.close()
    }
    let database = try other.open().get()
    defer { other.close(database) }
    return other.names(database)
  }

  @Test func `after a close everything is there`() throws {
    let database = try bench.open().get()
    _ = bench.insert("a", into: database)
    bench.finish()
    bench.close(database)
    let again = try bench.open().get()
    #expect(bench.names(again) == ["a"])
    bench.close(again)
  }

  @Test func `after a crash at any commit every answered write is there`() throws {
    var limits = StorageLimits()
    // Small, so that crashes also fall around checkpoints.
    limits.checkpointFrameCount = 8
    let database = try bench.open(limits: limits).get()
    var random = SplitMix64(state: 20_261_123)
    var slots: [(name: String, slot: Slot<Result<Int64, StorageError>>)] = []
    for round in 0..<30 {
      for writer in 0..<Int(random.next() % 7) {
        // Some fail and some are undone, among those that succeed.
        let name = random.next() % 5 == 0 ? "twice" : "\(round) \(writer)"
        slots.append((name, bench.insert(name, into: database)))
      }
      bench.settle()
      while bench.worker.runNext() {
        bench.settle()
        let answered = slots.filter { $0.slot.value?.failure == nil && $0.slot.value != nil }.map(\.name)
        #expect(try namesAfterCrash() == answered)
      }
    }
    #expect(database.statistics.checkpoints > 3 && database.statistics.undoneWrites > 3)
    #expect(slots.allSatisfy { $0.slot.value != nil })
    bench.close(database)
  }

  @Test func `nothing is answered before its commit`() throws {
    let database = try bench.open().get()
    let slot = bench.insert("a", into: database)
    bench.settle()
    #expect(slot.value == nil)
    #expect(try namesAfterCrash() == [])
    bench.finish()
    #expect(slot.value == .success(1))
    #expect(try namesAfterCrash() == ["a"])
    bench.close(database)
  }

  @Test func `a log that was cut holds whole transactions`() throws {
    let database = try bench.open().get()
    for batch in ["a", "b", "c"] {
      for index in 0..<20 { _ = bench.insert(batch + "\(index)", into: database) }
      bench.finish()
    }
    let size = try #require(
      try FileManager.default.attributesOfItem(atPath: bench.path + "-wal")[.size] as? UInt64)
    var random = SplitMix64(state: 7)
    for _ in 0..<40 {
      let cut = random.next() % (size + 1)
      // Less than the schema's own transaction: opening creates it again.
      let names = try namesAfterCrash(logByteCount: cut)
      #expect(names.count % 20 == 0, "cut at \(cut) of \(size)")
    }
    bench.close(database)
  }
}

struct SplitMix64 {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
