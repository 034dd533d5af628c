import Disk
import DiskSimulation
import Testing

@testable import Storage

/// A device that fails once, at each of its operations in turn; and a disk that fills up.
@Suite struct DiskFaultTests {
  private static var limits: StorageLimits {
    var limits = StorageLimits()
    limits.checkpointFrameCount = 8
    return limits
  }

  enum Fault: CaseIterable {
    case write, writeDoneNevertheless, forgetfulFlush, read
  }

  /// What a shop on a device was told.
  private struct Outcome {
    var answered: [String] = []
    var failed: [String] = []
    var hasOpened = false
  }

  /// Opens, inserts in ten batches, and closes.
  private func shop(_ disk: SimulatedDisk) -> Outcome {
    let bench = Bench(disk: disk)
    var outcome = Outcome()
    guard case .success(let database) = bench.open(limits: Self.limits) else { return outcome }
    outcome.hasOpened = true
    for round in 0..<10 {
      let slots = (0..<3).map { ($0, bench.insert("\(round) \($0)", into: database)) }
      bench.finish()
      for (index, slot) in slots {
        switch slot.value {
        case .success: outcome.answered.append("\(round) \(index)")
        case .failure(let error):
          #expect(error == .io)
          outcome.failed.append("\(round) \(index)")
        case nil: Issue.record("no answer")
        }
      }
    }
    bench.close(database)
    return outcome
  }

  @Test(arguments: Fault.allCases)
  func `after an error of the device at any operation every answered write is there`(fault: Fault) throws {
    var point = 0
    var failures = 0
    while true {
      let disk = SimulatedDisk.formatted(byteCount: 2 << 20)
      let start = fault == .read ? disk.readCount : disk.operationCount
      var hasFailed = false
      disk.onOperation = { _, operation in
        guard fault != .read, operation == start + point else { return .go }
        hasFailed = true
        switch fault {
        case .forgetfulFlush: return .forget(seed: UInt64(operation))
        case .writeDoneNevertheless: return .failAfterwards
        case .write, .read: return .fail
        }
      }
      disk.onRead = { read in
        guard fault == .read, read == start + point else { return .go }
        hasFailed = true
        return .fail
      }
      let outcome = shop(disk)
      guard hasFailed else { break }
      if !outcome.failed.isEmpty || !outcome.hasOpened { failures += 1 }
      let after = Bench(disk: SimulatedDisk(contents: disk.contents))
      let opened = after.open()
      guard case .success(let database) = opened else {
        Issue.record(
          "after an error at operation \(point) of \(fault): \(String(describing: opened.failure))")
        point += 1
        continue
      }
      let names = after.names(database)
      #expect(names.filter { !outcome.failed.contains($0) } == outcome.answered, "operation \(point)")
      after.close(database)
      point += 1
    }
    #expect(
      point > (fault == .read ? 5 : 60) && failures > (fault == .read ? 2 : 30), "\(point), \(failures)")
  }

  @Test(arguments: 4..<9)
  func `a disk that is full keeps every answered write, and goes on once it is larger`(chunks: Int) throws {
    let disk = SimulatedDisk.formatted(byteCount: chunks * DiskLayout.chunkByteCount)
    let bench = Bench(disk: disk)
    let database = try bench.open(limits: Self.limits).get()
    var answered: [String] = []
    var refusals = 0
    var number = 0
    while refusals < 20 {
      // Half a chunk for the log or the database.
      let name = "\(number)"
      number += 1
      let slot = bench.write(database) { (connection) throws(StorageError) in
        try connection.execute("INSERT INTO items (name) VALUES (?)", [.text(name)])
        try connection.execute(
          "INSERT INTO pictures VALUES (?, zeroblob(100000))", [.text(name)])
        return .commit(0)
      }
      bench.finish()
      switch slot.value {
      case .success: answered.append(name)
      default:
        #expect(slot.value?.failure == .full)
        refusals += 1
      }
      #expect(bench.names(database) == answered)
      #expect(number < 200)
    }
    bench.close(database)

    let larger = SimulatedDisk(contents: disk.contents + [UInt8](repeating: 0, count: 1 << 20))
    for copy in [SimulatedDisk(contents: disk.contents), larger] {
      let bench = Bench(disk: copy)
      let database = try bench.open(limits: Self.limits).get()
      #expect(bench.names(database) == answered)
      if copy === larger {
        let slot = bench.insert("later", into: database)
        bench.finish()
        #expect(slot.value?.failure == nil)
      }
      bench.close(database)
    }
  }

  @Test func `a disk that cannot be used is refused in words`() {
    func refusal(_ disk: SimulatedDisk) -> StorageError? { Bench(disk: disk).open().failure }
    #expect(refusal(SimulatedDisk(byteCount: 2 << 20)) == .disk(.blank))
    #expect(refusal(SimulatedDisk(byteCount: 4096)) == .disk(.tooSmall(byteCount: 4096)))
    let other = SimulatedDisk(byteCount: 2 << 20)
    try! Disk.format(other, service: "catalog", id: DiskID(CountingEntropy()))
    #expect(refusal(other) == .disk(.otherService(found: "catalog", expected: "test")))
    #expect(refusal(other)?.advice.contains("belongs to catalog") == true)
  }
}
