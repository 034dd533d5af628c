import CProbe
import EventLoop
import Machine
import Platform
import _Concurrency

/// What fibers must be able to do, and, by `-append test=…`, what must stop the board.
enum Fibers {
  /// A job's results, or what came of it, on their way to a task.
  final class Results {
    var words: [String] = []
    var isDone = false
  }

  static func run(_ board: Board) async {
    interleave(board)
    keepRegisters(board)
    measure(board)
    cost(board)
    await work(board)
  }

  static func interleave(_ board: Board) {
    let results = Results()
    let before = board.heap.usedByteCount
    do {
      let fibers = ["a", "b"].map { name in
        Fiber(stackByteCount: 16384) {
          var sum = 0.5
          for round in 1...3 {
            sum *= Double(round)
            results.words.append("\(name)\(round)")
            Fiber.park()
          }
          results.words.append("\(name)=\(sum)")
        }
      }
      while !fibers[0].hasEnded { for fiber in fibers { fiber.resume() } }
    }
    board.console.write(line: "fibers: " + results.words.joined(separator: " "))
    results.words = []
    // What may stay is the text's storage and the tables of split pages.
    let kept = board.heap.usedByteCount - before
    board.console.write(line: kept < 16384 ? "fibers: stacks given back" : "fibers: \(kept) bytes kept")
  }

  static func keepRegisters(_ board: Board) {
    let results = Results()
    var isKept = true
    do {
      let fibers = (0..<4).map { seed in
        Fiber(stackByteCount: 16384) {
          for round in 0..<50 {
            let isSame = probe_registers(UInt64(seed + 4 * round)) { Fiber.park() }
            if !isSame { results.words.append("lost") }
          }
        }
      }
      while !fibers[0].hasEnded {
        for (index, fiber) in fibers.enumerated() {
          // The loop's registers too, each time with another rounding than the fiber's.
          current = fiber
          isKept = probe_registers(UInt64(index + 1)) { Fibers.current?.resume() } && isKept
        }
      }
      current = nil
    }
    isKept = isKept && results.words.isEmpty
    board.console.write(line: isKept ? "fibers: registers kept" : "fibers: registers lost")
  }

  // Safe: one processor; a C function pointer captures nothing, so it finds the fiber here.
  nonisolated(unsafe) private static var current: Fiber?

  /// The high-water mark is that of the deepest call, in whole pages.
  static func measure(_ board: Board) {
    let results = Results()
    let fiber = Fiber(stackByteCount: 65536) {
      Fiber.park()
      results.words.append("\(touch(1000))")
    }
    fiber.resume()
    let before = fiber.stackPeakByteCount
    fiber.resume()
    let after = fiber.stackPeakByteCount
    let isRight = before == 4096 && after >= 16384 && after <= 53248
    board.console.write(line: isRight ? "fibers: peak told" : "fibers: peak \(before), then \(after)")
  }

  /// Calls itself `count` times, each with 16 to 48 bytes of stack; no sum that a compiler makes a loop of.
  @inline(never)
  static func touch(_ count: Int) -> Int {
    count <= 0 ? 1 : (touch(count - 1) &* 3) ^ count
  }

  static func cost(_ board: Board) {
    let results = Results()
    let fiber = Fiber(stackByteCount: 16384) {
      while !results.isDone { Fiber.park() }
    }
    fiber.resume()
    let start = board.clock.now
    for _ in 0..<5000 { fiber.resume() }
    let passed = board.clock.now - start
    results.isDone = true
    fiber.resume()
    board.console.write(line: "fibers: 10000 switches, \(passed.nanoseconds / 10000) ns each")
  }

  /// Jobs of a worker run in order beside the loop, park, and resume tasks.
  static func work(_ board: Board) async {
    let results = Results()
    // Safe: one processor.
    nonisolated(unsafe) let shared = results
    let worker = FiberWorker(loop: board.loop)
    worker.submit {
      shared.words.append("first")
      while !shared.isDone { worker.park() }
      shared.words.append("resumed")
    }
    // Plays the driver: what came is said before `resume`.
    board.loop.spawn {
      await board.loop.sleep(for: .milliseconds(1))
      shared.words.append("early")
      // Nothing has come: the job must look and park again.
      worker.resume()
      await board.loop.sleep(for: .milliseconds(1))
      shared.words.append("came")
      shared.isDone = true
      worker.resume()
    }
    let answer = await withUnsafeContinuation { (continuation: UnsafeContinuation<Int, Never>) in
      worker.submit {
        shared.words.append("second")
        continuation.resume(returning: 42)
      }
    }
    board.console.write(line: "worker: " + results.words.joined(separator: " ") + ", answer \(answer)")

    results.words = []
    let count = FiberWorker.maximumJobsPerTurn + 10
    for number in 1...count {
      worker.submit { if number == count { shared.words.append("last") } }
    }
    worker.submit { shared.isDone = false }
    while results.isDone { await board.loop.sleep(for: .milliseconds(1)) }
    board.console.write(line: "worker: \(results.words.joined(separator: " ")) of \(count)")
    board.console.write(line: "worker: \(worker.stackPeakByteCount / 1024) KB of stack")
  }

  // Safe: one processor.
  nonisolated(unsafe) private static var held: [UInt8] = []

  static func fail(_ test: String, _ board: Board) {
    switch test {
    case "fiber-overflow-high":
      // The first 12 MB are taken, so the stack is beyond the small pages of boot.
      held = [UInt8](repeating: 1, count: 12_000_000)
      fail("fiber-overflow", board)
    case "fiber-overflow":
      Fiber(stackByteCount: 65536) { board.console.write(line: "\(Main.descend(board, 1))") }.resume()
    case "fiber-park": Fiber.park()
    case "fiber-end":
      let fiber = Fiber(stackByteCount: 16384) {}
      fiber.resume()
      fiber.resume()
    case "fiber-nested":
      Fiber(stackByteCount: 16384) { Fiber(stackByteCount: 16384) {}.resume() }.resume()
    case "fiber-freed":
      Fiber(stackByteCount: 16384) { Fiber.park() }.resume()
    case "worker-park": FiberWorker(loop: board.loop).park()
    default: board.console.write(line: "no such test: \(test)")
    }
  }
}
