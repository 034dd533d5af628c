import EventLoop
import Machine
import Platform
import _Concurrency

/// The image of Tests/Unikernel/boot: what a booted machine must be able to do, or, told so by `-append test=…`, one
/// thing that must stop it.
@main
enum Main {
  static func main() {
    Machine.run { machine in
      machine.console.write(line: "boot: \(machine.heap.totalByteCount / 1024) KB of heap")
      let module = machine.bootModule
      if module.count > 0 {
        let sum = module.reduce(0) { $0 + Int($1) }
        machine.console.write(line: "boot: a module of \(module.count) bytes, sum \(sum)")
      }
      for word in machine.commandLine.split(separator: " ") where word.hasPrefix("test=") {
        fail(String(word.dropFirst(5)), machine)
      }
      machine.loop.spawn {
        if machine.commandLine.hasPrefix("test=input") { return await echo(machine) }
        let start = machine.loop.now
        await machine.loop.sleep(for: .milliseconds(10))
        let isOver = machine.clock.now >= start + .milliseconds(10)
        machine.console.write(line: isOver ? "task: slept 10 ms" : "task: woke too early")
        let sum = await withTaskGroup(of: Int.self) { group in
          for number in 1...100 { group.addTask { number } }
          var sum = 0
          for await number in group { sum += number }
          return sum
        }
        machine.console.write(line: "task: a group added up to \(sum)")
        churn(machine)
        await Fibers.run(machine)
        machine.console.write(line: "time: \(machine.clock.wallTime.secondsSinceEpoch)")
        machine.console.write(line: "done")
        machine.loop.stop()
      }
    }
  }

  /// Repeats a line of the console: nothing but the port's interrupt can end this wait in time.
  static func echo(_ machine: Machine) async {
    machine.console.write(line: "input: waiting")
    let start = machine.clock.now
    let line = await machine.input.readLine()
    let waited = machine.clock.now - start
    machine.console.write(line: "input: \(line)")
    machine.console.write(line: waited < .seconds(4) ? "input: prompt" : "input: late")
    machine.console.write(line: "input: waited \(waited.nanoseconds / 1000) us")
    machine.loop.stop()
  }

  /// Holds and drops buffers of seeded sizes, and sees that all of them keep what was written to them and that the
  /// heap gets everything back.
  static func churn(_ machine: Machine) {
    let before = machine.heap.usedByteCount
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
    let isBalanced = machine.heap.usedByteCount == before
    machine.console.write(line: isWhole ? "heap: whole" : "heap: damaged")
    machine.console.write(line: isBalanced ? "heap: balanced" : "heap: leaking")
  }

  static func fail(_ test: String, _ machine: Machine) {
    switch test {
    case "input": break  // A task does it.
    case "null":
      // Unsafe on purpose: page 0 must not be there.
      UnsafeMutablePointer<UInt64>(bitPattern: 8)!.pointee = 1
    case "overflow":
      machine.console.write(line: "depth \(descend(machine, 1))")
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
      let empty = [Int](repeating: 0, count: machine.commandLine.count)
      machine.console.write(line: "element \(empty[machine.commandLine.utf8.count + 1])")
    case "text":
      // Unsafe on purpose: code must not be writable. The image begins at 1 MB.
      UnsafeMutablePointer<UInt64>(bitPattern: 0x10_0000)!.pointee = 1
    case "execute":
      // Unsafe on purpose: data must not be executable.
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
      unsafeBitCast(buffer, to: (@convention(c) () -> Void).self)()
    default: Fibers.fail(test, machine)
    }
  }

  /// Recurses without end; each call needs the result of the next.
  @inline(never)
  static func descend(_ machine: Machine, _ depth: Int) -> Int {
    depth < 0 ? depth : descend(machine, depth + 1) + machine.heap.usedByteCount
  }
}
