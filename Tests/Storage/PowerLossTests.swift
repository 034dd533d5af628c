import Disk
import DiskSimulation
import Testing

@testable import Storage

/// Cuts the power before every write and every flush of the disk, and looks at what is left.
@Suite struct PowerLossTests {
  /// Small, so that the log begins anew and the database grows many times.
  private static var limits: StorageLimits {
    var limits = StorageLimits()
    limits.checkpointFrameCount = 12
    return limits
  }

  /// A way in which the power goes, and a seed for what it leaves and what the shop was doing.
  struct Cut: CustomTestStringConvertible, Sendable {
    var loss: SimulatedDisk.PowerLoss
    var seed: UInt64
    var testDescription: String { "\(loss), seed \(seed)" }
  }

  static let cuts: [Cut] =
    [Cut(loss: .losesAll, seed: 1), Cut(loss: .keepsAll, seed: 2)]
    + (3..<6).flatMap { [Cut(loss: .mixesSectors, seed: $0), Cut(loss: .spoilsBlocks, seed: $0)] }

  /// What was found on one disk after the power went.
  private struct Finding {
    var operation: Int
    var answered: Int
    var names: [String]
  }

  @Test(arguments: cuts)
  func `wherever the power goes every answered write is there and nothing is half there`(cut: Cut) throws {
    let disk = Self.usedDisk
    let bench = Bench(disk: disk)
    var random = SplitMix64(state: cut.seed)
    var slots: [(name: String, slot: Slot<Result<Int64, StorageError>>)] = []
    var findings: [Finding] = []
    disk.onOperation = { disk, operation in
      let answered = slots.count { $0.slot.value.map { $0.failure == nil } ?? false }
      let left = disk.afterPowerLoss(cut.loss, seed: cut.seed &+ UInt64(operation))
      // Sometimes the power goes again while the first loss is being mended.
      if operation % 7 == 0, let again = Self.cutAgain(left, cut, operation) {
        findings.append(Finding(operation: operation, answered: answered, names: again))
      }
      findings.append(Finding(operation: operation, answered: answered, names: Self.names(on: left)))
      return .go
    }
    var database = try bench.open(limits: Self.limits).get()
    var boundaries: Set<Int> = [0]
    for round in 0..<14 {
      if round == 9 {
        // The log goes, and the next one takes its chunks.
        #expect(database.statistics.checkpoints > 1 && database.statistics.undoneWrites > 0)
        bench.close(database)
        database = try bench.open(limits: Self.limits).get()
      }
      for writer in 0..<Int(1 + random.next() % 5) {
        let length = Int(random.next() % 60)
        let name =
          random.next() % 3 == 0 ? "twice" : "\(round) \(writer) " + String(repeating: "x", count: length)
        slots.append((name, bench.insert(name, into: database)))
      }
      bench.finish()
      boundaries.insert(slots.count { $0.slot.value?.failure == nil })
    }
    let all = slots.filter { $0.slot.value?.failure == nil }.map(\.name)
    bench.close(database)
    #expect(findings.count > 80)
    for finding in findings {
      let isWhole =
        finding.names.count >= finding.answered && boundaries.contains(finding.names.count)
        && finding.names == Array(all.prefix(finding.names.count))
      #expect(isWhole, "operation \(finding.operation): \(finding.answered) answered, found \(finding.names)")
    }
  }

  /// A disk that was formatted after another shop had left its database and its log all over it.
  private static var usedDisk: SimulatedDisk {
    let disk = SimulatedDisk.formatted(byteCount: 2 << 20)
    let bench = Bench(disk: disk)
    guard case .success(let database) = bench.open(limits: limits) else { fatalError("a new disk opens") }
    for round in 0..<12 {
      for writer in 0..<3 { _ = bench.insert("of another shop \(round) \(writer)", into: database) }
      bench.finish()
    }
    // Not closed: its log is still there.
    try! Disk.format(disk, service: "test", id: DiskID(CountingEntropy()))
    return SimulatedDisk(contents: disk.contents)
  }

  /// The names in the database on `disk`, which has to be sound.
  private static func names(on disk: SimulatedDisk) -> [String] {
    let bench = Bench(disk: disk)
    switch bench.open() {
    case .failure(let error): return ["does not open: \(error)"]
    case .success(let database):
      defer { bench.close(database) }
      let check = bench.read(database) { (connection) throws(StorageError) in
        try connection.query("PRAGMA integrity_check") { $0.text(0) }
      }
      bench.finish()
      guard check.value == .success(["ok"]) else { return ["not sound: \(String(describing: check.value))"] }
      return bench.names(database)
    }
  }

  /// Opens `disk` and cuts the power at one of the operations of that; what is found after opening what is left.
  /// Nil when it took fewer operations.
  private static func cutAgain(_ disk: SimulatedDisk, _ cut: Cut, _ seed: Int) -> [String]? {
    let disk = SimulatedDisk(contents: disk.contents)
    var left: SimulatedDisk?
    disk.onOperation = { disk, operation in
      if operation == seed % 13 { left = disk.afterPowerLoss(cut.loss, seed: UInt64(seed)) }
      return .go
    }
    let bench = Bench(disk: disk)
    guard case .success(let database) = bench.open(limits: limits) else { return ["does not open"] }
    bench.close(database)
    return left.map(names)
  }
}
