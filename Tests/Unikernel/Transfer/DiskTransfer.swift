import EventLoop
import Machine
import Platform

/// Moves mebibytes from or to a disk, on the fiber that a database would run on.
final class DiskTransfer {
  /// What SQLite's backup or a scan of a table would move at once.
  private static let byteCountAtOnce = 128 << 10

  private let device: any BlockDevice
  private let worker: FiberWorker
  private let loop: EventLoop
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCountAtOnce, alignment: 4096)
  private let done = Signal()
  private var result = ""

  init(_ device: any BlockDevice, worker: FiberWorker, loop: EventLoop) {
    self.device = device
    self.worker = worker
    self.loop = loop
    memory.initializeMemory(as: UInt8.self, repeating: 0x5a)
  }

  /// Does what `command` says; the nanoseconds it took, or what was wrong.
  func run(_ command: String) async -> String {
    let words = command.split(separator: " ")
    guard words.count == 2, let mebibytes = Int(words[1]), words[0] == "read" || words[0] == "write",
      mebibytes << 20 <= Int(device.sectorCount) * device.sectorByteCount
    else { return "what?" }
    let isWrite = words[0] == "write"
    // Safe: the worker's fiber and the loop take turns on the one processor.
    nonisolated(unsafe) let transfer = self
    worker.submit {
      transfer.move(mebibytes << 20, isWrite: isWrite)
      transfer.done.notify()
    }
    await done.wait()
    return result
  }

  private func move(_ byteCount: Int, isWrite: Bool) {
    let start = loop.clock.now
    let sectorsAtOnce = UInt64(Self.byteCountAtOnce / device.sectorByteCount)
    do throws(BlockError) {
      for index in 0..<UInt64(byteCount / Self.byteCountAtOnce) {
        if isWrite {
          try device.write(at: index * sectorsAtOnce, from: UnsafeRawBufferPointer(memory).bytes)
        } else {
          try device.read(at: index * sectorsAtOnce, into: memory)
        }
      }
      if isWrite { try device.flush() }
      result = "\((loop.clock.now - start).nanoseconds)"
    } catch {
      result = "the disk said no"
    }
  }
}
