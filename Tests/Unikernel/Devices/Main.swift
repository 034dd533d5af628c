import CBoot
import EventLoop
import Machine
import Platform
import Virtio
import _Concurrency

/// The image of Tests/Unikernel/devices: every virtio device of the command line is started and used, and says how it
/// went. Waits end by the device's interrupt; one that does not says so.
@main
enum Main {
  static func main() {
    Board.run { board in
      let (slots, ignoredCount) = VirtioProbe.slots(commandLine: board.commandLine)
      board.console.write(line: "probe: \(slots.count) slots, \(ignoredCount) ignored")
      let found = VirtioProbe.devices(in: slots) { PhysicalRegisters(address: $0.address) }
      for (kind, slot) in found {
        guard let registers = PhysicalRegisters(address: slot.address) else { continue }
        boot_enable_interrupt(slot.interruptLine)
        let trial = Trial(registers: registers, console: board.console, clock: board.clock)
        do throws(VirtioError) {
          switch kind {
          case .network: try trial.network()
          case .block: try trial.block()
          case .entropy: try trial.entropy()
          }
        } catch {
          board.console.write(line: "error: \(error.description)")
        }
      }
      board.loop.spawn {
        board.console.write(line: "done")
        board.loop.stop()
      }
    }
  }
}

/// Pages of the heap, which is mapped to itself.
final class HeapPages: DMAMemory {
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return memory
  }
}

/// One device and what it is put through.
final class Trial {
  private let registers: PhysicalRegisters
  private let console: BoardConsole
  private let clock: BoardClock
  private let memory = HeapPages()
  private var lateCount = 0

  init(registers: PhysicalRegisters, console: BoardConsole, clock: BoardClock) {
    self.registers = registers
    self.console = console
    self.clock = clock
  }

  /// Until the device's interrupt: two seconds are a lost one.
  private func park() {
    let start = clock.now
    boot_idle(2_000_000_000)
    if clock.now - start > .seconds(1) { lateCount += 1 }
  }

  func entropy() throws(VirtioError) {
    let random = try VirtioRandom(registers: registers, memory: memory) { self.park() }
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try random.fill(bytes)
    var seen = [Bool](repeating: false, count: 256)
    for byte in bytes { seen[Int(byte)] = true }
    // Of 4,096 random bytes, more than 200 differ but for one in many universes.
    let isRandom = seen.filter { $0 }.count > 200
    console.write(line: "entropy: \(isRandom ? "random" : "not random"), \(lateCount) late")
  }

  func block() throws(VirtioError) {
    let disk = try VirtioBlock(registers: registers, memory: memory) { self.park() }
    console.write(line: "block: \(disk.sectorCount) sectors of \(disk.sectorByteCount) bytes")
    let written = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 * 1024, alignment: 16)
    let read = UnsafeMutableRawBufferPointer.allocate(byteCount: written.count, alignment: 16)
    defer {
      written.deallocate()
      read.deallocate()
    }
    for index in written.indices { written[index] = UInt8(truncatingIfNeeded: index &* 31 ^ index >> 9) }
    read.initializeMemory(as: UInt8.self, repeating: 0)
    do throws(BlockError) {
      try disk.write(at: 3, from: UnsafeRawBufferPointer(written).bytes)
      try disk.flush()
      try disk.read(at: 3, into: read)
    } catch {
      return console.write(line: "block: failed, \(disk.failure?.description ?? "by its status")")
    }
    let isSame = read.elementsEqual(written)
    console.write(line: "block: \(isSame ? "whole" : "damaged"), \(lateCount) late")
  }

  /// Asks QEMU's user network, 10.0.2.2, for its address 2,000 times.
  func network() throws(VirtioError) {
    let device = try VirtioNet(registers: registers, memory: memory)
    console.write(line: "network: MTU \(device.maximumTransmissionUnit), offload \(device.offload.rawValue)")
    let own = (0..<6).map { UInt8(truncatingIfNeeded: device.hardwareAddress >> UInt64(40 - 8 * $0)) }
    var request = [UInt8](repeating: 0xff, count: 6) + own + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
    request += own + [10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2] + [UInt8](repeating: 0, count: 18)
    let none: [UInt8] = []
    let frame = OutboundFrame(
      header: request.span.bytes, payload: none.span.bytes, payloadTail: none.span.bytes, checksum: nil,
      segmentByteCount: 0)
    var (sent, answered) = (0, 0)
    while answered < 2000 && lateCount == 0 && device.failure == nil {
      while sent < 2000 && device.transmit(frame) { sent += 1 }
      let count = device.receive(limit: 64) { if $0.bytes.byteCount >= 42 { answered += 1 } }
      device.notify()
      if answered < 2000 && count < 64 && !device.armInterrupts() { park() }
    }
    console.write(line: "network: \(answered) answers, \(lateCount) late")
  }
}
