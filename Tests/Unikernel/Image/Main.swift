import EventLoop
import Machine
import Platform
import _Concurrency

/// The image of Tests/Unikernel/boot: what a booted machine must be able to do, or, told so by `-append test=…`, one
/// thing that must stop it.
@main
enum Main {
  static func main() {
    Board.run { board in
      board.console.write(line: "boot: \(board.heap.totalByteCount / 1024) KB of heap")
      let place = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
      board.console.write(line: "heap: a page at \(UInt(bitPattern: place))")
      place.deallocate()
      let module = board.bootModule
      if module.count > 0 {
        let sum = module.reduce(0) { $0 + Int($1) }
        board.console.write(line: "boot: a module of \(module.count) bytes, sum \(sum)")
      }
      for word in board.commandLine.split(separator: " ") where word.hasPrefix("test=") {
        fail(String(word.dropFirst(5)), board)
      }
      board.loop.spawn {
        if board.commandLine.hasPrefix("test=input") { return await echo(board) }
        let start = board.loop.now
        await board.loop.sleep(for: .milliseconds(10))
        let isOver = board.clock.now >= start + .milliseconds(10)
        board.console.write(line: isOver ? "task: slept 10 ms" : "task: woke too early")
        let sum = await withTaskGroup(of: Int.self) { group in
          for number in 1...100 { group.addTask { number } }
          var sum = 0
          for await number in group { sum += number }
          return sum
        }
        board.console.write(line: "task: a group added up to \(sum)")
        churn(board)
        await Fibers.run(board)
        board.console.write(line: "time: \(board.clock.wallTime.secondsSinceEpoch)")
        board.console.write(line: "done")
        board.loop.stop()
      }
    }
  }

  /// Repeats a line of the console: nothing but the port's interrupt can end this wait in time.
  static func echo(_ board: Board) async {
    board.console.write(line: "input: waiting")
    let start = board.clock.now
    let line = await board.input.readLine()
    let waited = board.clock.now - start
    board.console.write(line: "input: \(line)")
    board.console.write(line: waited < .seconds(4) ? "input: prompt" : "input: late")
    board.console.write(line: "input: waited \(waited.nanoseconds / 1000) us")
    board.loop.stop()
  }

  /// Holds and drops buffers of seeded sizes, and sees that all of them keep what was written to them and that the
  /// heap gets everything back.
  static func churn(_ board: Board) {
    let before = board.heap.usedByteCount
    var state: UInt64 = 4
    var isWhole = true
    do {
      var held: [[UInt8]] = []
      for round in 0..<2000 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let count = Int(state >> 33) % (round % 16 == 0 ? 20000 : 600) + 1
        held.append([UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count))
        if held.count > 50 {
          let gone = held.remove(at: Int(state >> 40) % held.count)
          isWhole = isWhole && gone.allSatisfy { $0 == UInt8(truncatingIfNeeded: gone.count) }
        }
      }
    }
    let isBalanced = board.heap.usedByteCount == before
    board.console.write(line: isWhole ? "heap: whole" : "heap: damaged")
    board.console.write(line: isBalanced ? "heap: balanced" : "heap: leaking")
  }

  static func fail(_ test: String, _ board: Board) {
    switch test {
    case "input": break  // A task does it.
    case "null":
      // Unsafe on purpose: page 0 must not be there.
      UnsafeMutablePointer<UInt64>(bitPattern: 8)!.pointee = 1
    case "overflow":
      board.console.write(line: "depth \(descend(board, 1))")
    case "memory":
      var held: [[UInt8]] = []
      while true { held.append([UInt8](repeating: 1, count: 100_000)) }
    case "twice":
      // Unsafe on purpose: the heap must see it.
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: 40, alignment: 16)
      buffer.deallocate()
      buffer.deallocate()
    case "foreign":
      // Unsafe on purpose: the middle of an allocation was never handed out.
      (UnsafeMutableRawPointer.allocate(byteCount: 40, alignment: 16) + 16).deallocate()
    case "bounds":
      let empty = [Int](repeating: 0, count: board.commandLine.count)
      board.console.write(line: "element \(empty[board.commandLine.utf8.count + 1])")
    case "text":
      // Unsafe on purpose: code must not be writable. The image begins at 1 MB.
      UnsafeMutablePointer<UInt64>(bitPattern: 0x10_0000)!.pointee = 1
    case "execute":
      // Unsafe on purpose: data must not be executable.
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
      unsafeBitCast(buffer, to: (@convention(c) () -> Void).self)()
    default: Fibers.fail(test, board)
    }
  }

  /// Recurses without end; each call needs the result of the next.
  @inline(never)
  static func descend(_ board: Board, _ depth: Int) -> Int {
    depth < 0 ? depth : descend(board, depth + 1) + board.heap.usedByteCount
  }
}
