import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Blkfront

/// A backend that goes away, returns, is another one, or forgets what it had not flushed.
@Suite struct BlkfrontReconnectTests {
  /// A disk, and what to do while somebody waits for it.
  private final class Bench {
    let backend: DiskBackend
    let memory = GuardedMemory()
    var block: Blkfront!
    var script: [() throws -> Void] = []
    var parkCount = 0

    init(
      _ values: [String: String] = DiskBackend.everything,
      _ change: (inout Blkfront.Configuration) -> Void = { _ in }
    ) throws {
      backend = DiskBackend(values)
      var configuration = Blkfront.Configuration()
      change(&configuration)
      // The script runs first, a step each time, then the backend simply works.
      block = try Blkfront(
        virtualDevice: 51_712, memory: memory, table: backend.table, configuration: configuration
      ) { [unowned self] in  // Safe: the bench outlives its disk's calls.
        parkCount += 1
        // Nobody comes any more: what waits fails, instead of the test waiting for ever.
        if parkCount > 100_000 { block.abandon() }
        if script.isEmpty {
          backend.work()
        } else {
          do { try script.removeFirst()() } catch { Issue.record(error) }
        }
        _ = block.handleEvents()
      }
      try backend.connect(block)
    }

    func leave(losesCache: Bool = false) {
      backend.leave(losesCache: losesCache)
      block.disconnect()
    }

    func write(_ bytes: [UInt8], at sector: UInt64) throws {
      try block.write(at: sector, from: bytes.span.bytes)
    }

    func read(at sector: UInt64, _ byteCount: Int) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0xee, count: byteCount)
      try bytes.withUnsafeMutableBytes { buffer in try block.read(at: sector, into: buffer) }
      return bytes
    }

    func check() {
      #expect(backend.faults.isEmpty && memory.isWhole && block.failure == nil && block.inFlightCount == 0)
    }
  }

  @Test func `requests wait while there is no backend, and are sent to the next one`() throws {
    let bench = try Bench()
    let bytes = frameBytes(300_000 / 512 * 512, seed: 1)
    bench.script = [
      {
        bench.backend.take()
        bench.backend.answer(1)
        bench.leave()
      },
      { #expect(bench.block.inFlightCount > 0 && !bench.block.armInterrupts()) },
      {
        bench.backend.domain = 7
        try bench.backend.connect(bench.block)
      },
    ]
    try bench.write(bytes, at: 3)
    #expect(bench.block.connectionCount == 2 && bench.block.replayedCount > 0)
    #expect(Array(bench.backend.disk[3 * 512..<3 * 512 + bytes.count]) == bytes)
    // Without this, what the read needs room for could not be sent again, and the flush below would fail.
    try bench.block.flush()
    bench.script = [{ bench.leave() }, {}, { try bench.backend.connect(bench.block) }]
    #expect(try bench.read(at: 3, bytes.count) == bytes)
    bench.leave()
    bench.script = [{ #expect(bench.backend.waiting.isEmpty) }, { try bench.backend.connect(bench.block) }]
    try bench.block.flush()
    #expect(bench.backend.done.last?.operation == BLKIF_OP_FLUSH_DISKCACHE)
    bench.check()
  }

  @Test func `what was acknowledged and not flushed is written again`() throws {
    let bench = try Bench()
    let (first, second, third) = (
      frameBytes(4096, seed: 1), frameBytes(4096, seed: 2), frameBytes(512, seed: 3)
    )
    try bench.write(first, at: 0)
    try bench.write(second, at: 0)
    try bench.write(third, at: 1)
    bench.leave(losesCache: true)
    #expect(bench.backend.disk.allSatisfy { $0 == 0 })
    try bench.backend.connect(bench.block)
    #expect(bench.block.inFlightCount == 3)
    bench.backend.take()
    #expect(bench.backend.waiting.count == 1, "one after the other: they lie over each other")
    try bench.block.flush()
    let expected = Array(second[..<512]) + third + second[1024...]
    #expect(Array(bench.backend.disk[..<4096]) == expected && bench.block.replayedCount == 3)
    #expect(!bench.block.hasFailedFlush)
    // What is durable is not.
    bench.leave(losesCache: true)
    try bench.backend.connect(bench.block)
    #expect(bench.block.replayedCount == 3 && bench.block.inFlightCount == 0)
    #expect(try bench.read(at: 0, 4096) == expected)
    bench.check()
  }

  @Test func `events alone carry what is sent again, while nobody waits`() throws {
    let bench = try Bench()
    for round in 0..<5 { try bench.write(frameBytes(512, seed: round), at: UInt64(round)) }
    bench.leave(losesCache: true)
    try bench.backend.connect(bench.block)
    for round in 0..<5 {
      #expect(bench.block.inFlightCount == 5 - round)
      let events = bench.backend.ring.eventCount
      bench.backend.take()
      bench.backend.answer(0)
      #expect(bench.backend.ring.eventCount == events + 1, "it is told of answer \(round)")
      #expect(bench.block.handleEvents())
    }
    for round in 0..<5 { #expect(try bench.read(at: UInt64(round), 512) == frameBytes(512, seed: round)) }
    bench.check()
  }

  @Test func `a flush that was under way vouches for what came before it`() throws {
    let bench = try Bench()
    let bytes = frameBytes(20_480, seed: 1)
    try bench.write(bytes, at: 0)
    bench.script = [
      {
        bench.backend.take()
        #expect(bench.backend.waiting.map(\.operation) == [BLKIF_OP_FLUSH_DISKCACHE])
        bench.leave(losesCache: true)
      }, { try bench.backend.connect(bench.block) },
    ]
    try bench.block.flush()
    bench.leave(losesCache: true)
    try bench.backend.connect(bench.block)
    #expect(try bench.read(at: 0, bytes.count) == bytes)
    bench.check()
  }

  @Test func `a flush fails when what it would vouch for had to make room`() throws {
    for isUnderWay in [false, true] {
      let bench = try Bench {
        $0.pageCount = 8
        $0.maximumRequestByteCount = 4096
      }
      for round in 0..<9 { try bench.write(frameBytes(4096, seed: round), at: UInt64(round) * 8) }
      if isUnderWay {
        bench.script = [{ bench.leave(losesCache: true) }]
        #expect(throws: BlockError.failed) { try bench.block.flush() }
      } else {
        bench.leave(losesCache: true)
      }
      try bench.backend.connect(bench.block)
      #expect(throws: BlockError.failed) { try bench.block.flush() }
      #expect(bench.block.hasFailedFlush && bench.block.failure == nil)
      #expect(try bench.read(at: 8, 4096) == frameBytes(4096, seed: 1), "what was kept is there")
    }
    // With a flush in between nothing is lost.
    let bench = try Bench {
      $0.pageCount = 8
      $0.maximumRequestByteCount = 4096
    }
    for round in 0..<9 { try bench.write(frameBytes(4096, seed: round), at: UInt64(round) * 8) }
    try bench.block.flush()
    bench.leave(losesCache: true)
    try bench.backend.connect(bench.block)
    try bench.block.flush()
    bench.check()
  }

  @Test func `a write that fails when it is sent again makes the flush fail`() throws {
    let bench = try Bench()
    try bench.write(frameBytes(512, seed: 1), at: 0)
    bench.leave(losesCache: true)
    bench.backend.status = { _ in -1 }
    try bench.backend.connect(bench.block)
    bench.backend.work()
    #expect(bench.block.handleEvents())
    bench.backend.status = { _ in 0 }
    #expect(throws: BlockError.failed) { try bench.block.flush() }
    #expect(bench.block.hasFailedFlush && bench.block.inFlightCount == 0)
  }

  @Test func `after a restore the grants and the channel of before are left alone`() throws {
    let bench = try Bench()
    let bytes = frameBytes(65_536, seed: 4)
    bench.script = [
      {
        bench.backend.take()
        bench.backend.table.clear()
        let channel = bench.backend.channel!
        bench.block.forget()
        #expect(!channel.isClosed)
      }, { try bench.backend.connect(bench.block) },
    ]
    try bench.write(bytes, at: 0)
    #expect(try bench.read(at: 0, bytes.count) == bytes)
    #expect(bench.backend.table.grantedCount == 130)
    bench.check()
  }

  @Test func `a backend that keeps pages of before is not followed by another`() throws {
    let bench = try Bench()
    try bench.write(frameBytes(512, seed: 1), at: 0)
    bench.block.disconnect()
    #expect(bench.backend.table.grantedCount == 3, "a data page, and the rings")
    bench.backend.domain = 3
    #expect(throws: XenError("domain 0 keeps pages that domain 3 is to have")) {
      try bench.backend.connect(bench.block)
    }
    bench.backend.leave()
    try bench.backend.connect(bench.block)
    try bench.block.flush()
    bench.check()
  }

  @Test(
    arguments: [
      (["sectors": "4095"], XenError.shrunk), (["sector-size": "1024"], .sectorSizeChanged),
      (["info": "4"], .becameReadOnly), (["feature-max-indirect-segments": nil], .shorterRequests),
      (["feature-flush-cache": nil, "feature-barrier": nil], .unflushable), (["sectors": "9000"], nil),
    ] as [([String: String?], XenError?)])
  func `a disk that is less than before is refused, and what waits goes on waiting`(
    changes: [String: String?], expected: XenError?
  ) throws {
    let bench = try Bench { $0.acceptsReadOnly = true }
    let bytes = frameBytes(65_536, seed: 1)
    bench.script = [
      { bench.leave() },
      {
        for (key, value) in changes { bench.backend.values[key] = value }
        if let expected {
          #expect(throws: expected) { try bench.backend.connect(bench.block) }
          #expect(!bench.block.isConnected && bench.block.inFlightCount > 0 && bench.block.failure == nil)
          bench.leave()
          bench.backend.values = DiskBackend.everything
        }
        try bench.backend.connect(bench.block)
      },
    ]
    try bench.write(bytes, at: 0)
    #expect(bench.block.sectorCount == 4096 && !bench.block.isReadOnly)
    #expect(try bench.read(at: 0, bytes.count) == bytes)
    bench.check()
  }

  @Test func `shorter requests are enough from a backend that takes no longer ones`() throws {
    let bench = try Bench()
    bench.leave()
    bench.backend.values["feature-max-indirect-segments"] = nil
    try bench.backend.connect(bench.block)
    let bytes = frameBytes(131_072, seed: 1)
    try bench.write(bytes, at: 0)
    #expect(bench.block.maximumRequestByteCount == 45_056 && bench.backend.done.allSatisfy { !$0.isIndirect })
    #expect(try bench.read(at: 0, bytes.count) == bytes)
    bench.check()
  }

  @Test(arguments: 0..<20) func `nothing that was flushed is ever lost`(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    let small = numbers.once(in: 2)
    let bench = try Bench {
      $0.pageCount = small ? 12 : 128
      $0.maximumRequestByteCount = small ? 8192 : 65_536
      $0.requestCount = small ? 5 : 64
    }
    var hasGone = false
    func step() throws {
      if hasGone {
        if numbers.once(in: 2) {
          hasGone = false
          try bench.backend.connect(bench.block)
        }
      } else if numbers.once(in: 12) {
        hasGone = true
        bench.leave(losesCache: numbers.once(in: 2))
      } else {
        bench.backend.take()
        if !bench.backend.waiting.isEmpty {
          bench.backend.answer(numbers.pick(0...bench.backend.waiting.count - 1))
        }
      }
    }
    bench.script = Array(repeating: step, count: 20_000)
    var model = bench.backend.disk
    var flushed = 0
    for round in 0..<400 where !bench.block.hasFailedFlush {
      let count = numbers.pick(1...40) * 512
      let sector = numbers.pick(0...200)
      switch numbers.pick(0...4) {
      case 0...1:
        let bytes = frameBytes(count, seed: round)
        try bench.write(bytes, at: UInt64(sector))
        model.replaceSubrange(sector * 512..<sector * 512 + count, with: bytes)
      case 2:
        if (try? bench.block.flush()) != nil {
          flushed += 1
          #expect(Array(bench.backend.durable[..<131_072]) == Array(model[..<131_072]), "seed \(seed)")
        }
      case 3 where !small:
        #expect(
          try bench.read(at: UInt64(sector), count) == Array(model[sector * 512..<sector * 512 + count]),
          "seed \(seed), round \(round)")
      default: break
      }
    }
    #expect(small || !bench.block.hasFailedFlush && flushed > 20, "seed \(seed)")
    #expect(bench.block.failure == nil && bench.memory.isWhole && bench.backend.table.faults.isEmpty)
    #expect(bench.script.count > 0)
    bench.script = []
  }
}
