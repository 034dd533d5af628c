// Xen's docs/misc/xenstore-paths.pandoc (control, memory) before changing this file.

import Bytes
import CBoot
import Cryptography
import EventLoop
import Hypervisor
import Log
import Platform
import XenRing
import XenStore
import _Concurrency

/// What the toolstack asks of a domain: to power off, to reboot, to be saved, and to use less memory.
final class DomainControl {
  /// From a failure of xenstore's to the next try; each failure after another doubles it, up to about eleven minutes, as
  /// a toolstack that refuses a node will go on to.
  private static let firstRetryInterval = Duration.seconds(5)
  private static let maximumDoublingCount = 7

  /// Whether another run was asked for.
  private(set) var wantsReboot = false

  private let board: Board
  private let devices: XenDevices
  private let entropy: DRBG
  private let termination: Signal
  private let log: Logger
  private let balloon = Balloon()

  init(_ board: Board, _ devices: XenDevices, entropy: DRBG, termination: Signal, log: Logger) {
    self.board = board
    self.devices = devices
    self.entropy = entropy
    self.termination = termination
    self.log = log
  }

  private var store: XenStore { devices.store }

  /// What the toolstack writes to.
  private enum Node {
    case shutdown, memoryTarget

    var folder: String { self == .shutdown ? "control" : "memory" }

    /// The node itself, and what else below its folder has to be known.
    var keys: [String] { self == .shutdown ? ["shutdown"] : ["target", "static-max"] }

    var path: String { folder + "/" + keys[0] }
  }

  /// Starts to listen to the toolstack.
  func start() {
    board.loop.spawn { await self.follow(.shutdown) }
    board.loop.spawn { await self.follow(.memoryTarget) }
  }

  /// Does what `node` says, now and after each change, for good.
  private func follow(_ node: Node) async {
    var watch: StoreWatch?
    var failureCount = 0
    while true { await turn(node, &watch, &failureCount) }
  }

  /// Follows one change.
  private func turn(_ node: Node, _ watch: inout StoreWatch?, _ failureCount: inout Int) async {
    do throws(XenError) {
      try await waitForChange(of: node, &watch)
      try await obey(node)
      failureCount = 0
    } catch {
      log.error(
        "the toolstack was not heard", LogField("node", node.path), LogField("reason", error.description))
      let factor = 1 << min(failureCount, Self.maximumDoublingCount)
      failureCount += 1
      await board.loop.sleep(for: Self.firstRetryInterval * factor)
      watch?.notify()
    }
  }

  private func waitForChange(of node: Node, _ watch: inout StoreWatch?) async throws(XenError) {
    if watch == nil { watch = try await store.watch(node.path) }
    await watch?.change()
  }

  /// Does what `node` says now.
  private func obey(_ node: Node) async throws(XenError) {
    let entries = try await store.read(node.keys, below: node.folder)
    guard let value = entries.value(node.keys[0]), !value.isEmpty else { return }
    if node == .memoryTarget {
      // What the domain was made with.
      if let most = entries.value("static-max") { resize(value, of: most) }
      return
    }
    log.info("asked by the toolstack", LogField("for", value))
    // The answer: it was heard.
    try? await store.write(node.path, "")
    perform(value)
  }

  // MARK: Ending

  @inline(never)
  private func perform(_ request: String) {
    switch request {
    case "poweroff", "halt":
      termination.notify()
    case "reboot":
      wantsReboot = true
      termination.notify()
    case "suspend":
      suspend()
    default:
      log.warning("asked for something unknown", LogField("for", request))
    }
  }

  // MARK: Being saved

  /// Everything that the domain is goes into a file or to another host, and comes back from there: connections, timers
  /// and what is half done. The devices connect anew, and send again what was under way.
  private func suspend() {
    let clock = board.clock
    let now = clock.now
    do throws(XenError) {
      guard try Domain.suspend(store) else {
        log.info("the save was called off")
        return
      }
      boot_resume()
      clock.resume(at: now)
      try devices.resume()
    } catch {
      // There is no way back: whoever supervises the domain starts another one.
      log.error("the domain cannot go on after its restore", LogField("reason", error.description))
      boot_exit(Int32(BOOT_EXIT_DEVICE_LOST.rawValue))
    }
    // A file can be restored twice: two domains must not draw the same numbers.
    entropy.reseed()
    log.info("restored")
  }

  // MARK: Memory

  /// Both in KiB.
  @inline(never)
  private func resize(_ target: String, of most: String) {
    guard let most = Int(digits: most), let target = Int(digits: target, upTo: most) else { return }
    let heap = board.heap
    // What is in use, and an eighth beside it, stays.
    let reserve = heap.totalByteCount / 8
    let before = balloon.byteCount
    let isDone = balloon.aim(at: (most - target) * 1024) {
      let heap = board.heap
      return heap.totalByteCount - heap.pagesByteCount > reserve
    }
    boot_heap_lend(balloon.byteCount)
    guard balloon.byteCount != before || !isDone else { return }
    log.info(
      isDone ? "memory as asked for" : "memory as far as possible",
      LogField("target_kb", target), LogField("given_kb", balloon.byteCount / 1024))
  }
}
