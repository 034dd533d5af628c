import Bytes
import CBoot
import EventLoop
import Platform

/// The bare machine under an image: one processor, a console, clocks, interrupts, and the loop on them.
public final class Board {
  /// The loop that runs everything.
  public let loop: EventLoop
  /// What waits in the loop; drivers register with it.
  public let driver: HaltDriver
  /// Xen's clock, or the time stamp counter and the real-time clock.
  public let clock: BoardClock
  /// The first serial port, or Xen's console.
  public let console = BoardConsole()
  /// Lines that arrive at the console: how the command line talks to an image.
  public let input: ConsoleInput
  /// What the loader was told (QEMU: `-append`), with what the monitor itself adds.
  public let commandLine: String

  /// The boot module (QEMU: `-initrd`), read-only and there for good; empty when the loader was given none.
  public var bootModule: UnsafeRawBufferPointer {
    var byteCount = 0
    let start = boot_module(&byteCount)
    // Safe: boot code keeps the module's pages out of the heap.
    return UnsafeRawBufferPointer(start: byteCount > 0 ? start : nil, count: byteCount)
  }

  init() {
    clock = BoardClock()
    driver = HaltDriver(clock: clock)
    loop = EventLoop(driver: driver, clock: clock)
    input = ConsoleInput()
    driver.watch(input, interruptLine: nil)
    let text: UnsafePointer<CChar> = boot_command_line()
    var byteCount = 0
    while text[byteCount] != 0 { byteCount += 1 }
    // Safe: a zero byte ends the text, and it is there for good.
    commandLine = String(utf8: RawSpan(_unsafeStart: text, byteCount: byteCount))
  }

  /// Lets `body` start its tasks, runs the loop until it is stopped, and ends the machine with `BOOT_EXIT_DONE`.
  public static func run(_ body: (Board) -> Void) -> Never {
    let board = Board()
    body(board)
    board.loop.run()
    boot_exit(Int32(BOOT_EXIT_DONE.rawValue))
  }

  /// What the heap holds.
  public var heap: HeapStatistics {
    let statistics = boot_heap_statistics()
    return HeapStatistics(
      totalByteCount: Int(statistics.total_bytes), usedByteCount: Int(statistics.used_bytes),
      peakByteCount: Int(statistics.peak_bytes), pagesByteCount: Int(statistics.page_bytes),
      allocationCount: statistics.allocation_count,
      freeCount: statistics.free_count)
  }
}

extension Board: MemoryGauge {
  public var isScarce: Bool { boot_heap_is_scarce() }

  /// Adds the heap's figures for `/metrics`.
  func addHeap(to list: inout [NetworkFigure]) {
    let heap = heap
    list.level("souk_heap_bytes Memory that can be handed out.", UInt64(heap.totalByteCount))
    list.level("souk_heap_used_bytes Memory that is handed out.", UInt64(heap.usedByteCount))
    list.level("souk_heap_peak_bytes The most that was handed out.", UInt64(heap.peakByteCount))
    list.count("souk_heap_allocations_total Allocations since the start.", heap.allocationCount)
    list.count("souk_heap_frees_total Those given back.", heap.freeCount)
  }
}

/// What the heap holds. Bytes handed out are counted as rounded up to their size class or to whole pages.
public struct HeapStatistics {
  /// All that can ever be handed out.
  public let totalByteCount: Int
  /// Handed out now, and at most so far.
  public let usedByteCount: Int, peakByteCount: Int
  /// In pages of which something is handed out.
  public let pagesByteCount: Int
  /// Since the start.
  public let allocationCount: UInt64, freeCount: UInt64
}
