// deploy/bench/instructions.c before changing this file: it writes what is read here.
import Glibc

/// Counts the instructions that one virtual machine executes, through a plugin of QEMU's.
final class InstructionCounter {
  /// Instructions by the address of the block that they are in.
  typealias Blocks = [UInt64: UInt64]

  /// Blocks that are told apart; the sum holds all.
  static let maximumBlockCount = 1 << 18
  /// Looks in a row that must find the same count, and how far apart they are, until a machine counts as idle.
  static let quietLookCount = 8
  static let quietMicroseconds: UInt32 = 3_000
  /// A machine that is still at work after so many looks never rests.
  static let maximumLookCount = 10_000

  private static let headerWordCount = 2
  private static let blockWordCount = 3

  let path: String
  private let words: UnsafeMutablePointer<UInt64>
  private let byteCount: Int

  /// A counter whose file is at `path`, which it makes.
  init(_ path: String) throws(Failure) {
    self.path = path
    byteCount = (Self.headerWordCount + Self.blockWordCount * Self.maximumBlockCount) * 8
    let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0, ftruncate(file, byteCount) == 0,
      let start = mmap(nil, byteCount, PROT_READ, MAP_SHARED, file, 0), start != MAP_FAILED
    else { throw Failure("cannot make \(Files.shown(path)): \(String(cString: strerror(errno)))") }
    close(file)
    // Safe: a mapping of `byteCount` bytes, until deinit takes it away.
    words = start.bindMemory(to: UInt64.self, capacity: byteCount / 8)
  }

  deinit { munmap(words, byteCount) }

  /// The words for QEMU's command line: only what lies in `code` counts.
  func arguments(plugin: String, code: Range<UInt64>) -> [String] {
    ["-plugin", "\(plugin),counts=\(path),start=\(code.lowerBound),end=\(code.upperBound)"]
  }

  /// Instructions so far.
  var total: UInt64 { words[0] }

  /// Waits until the machine is idle. Returns the instructions so far.
  func whenQuiet() throws(Failure) -> UInt64 {
    var last = total
    var quiet = 0
    for _ in 0..<Self.maximumLookCount {
      usleep(Self.quietMicroseconds)
      let now = total
      quiet = now == last ? quiet + 1 : 0
      if quiet == Self.quietLookCount { return now }
      last = now
    }
    throw Failure("the machine never rests")
  }

  /// Where the instructions so far were.
  var blocks: Blocks {
    var blocks: Blocks = [:]
    for index in 0..<min(Int(words[1]), Self.maximumBlockCount) {
      let block = Self.headerWordCount + Self.blockWordCount * index
      blocks[words[block], default: 0] += words[block + 1] * words[block + 2]
    }
    return blocks
  }

  /// Compiles the plugin into `folder`. Returns its path.
  static func buildPlugin(in folder: String) throws(Failure) -> String {
    let plugin = folder + "/instructions.so"
    let source = Checkout.root + "/deploy/bench/instructions.c"
    let answer = try Captured.run(["clang", "-O2", "-shared", "-fPIC", "-o", plugin, source])
    guard answer.exitCode == 0 else { throw Failure("clang does not build QEMU's plugin: \(answer.output)") }
    return plugin
  }
}
