import Glibc

/// A log on disk with a bound: when it is full it becomes `NAME.log.1`, in place of the one before.
final class LogFile {
  /// A log takes at most twice this.
  static let maximumByteCount = 4 << 20

  private let path: String
  private let maximumByteCount: Int
  private var descriptor: Int32 = -1
  private var byteCount = 0

  init(_ path: String, maximumByteCount: Int = LogFile.maximumByteCount) throws(Failure) {
    self.path = path
    self.maximumByteCount = maximumByteCount
    open()
    guard descriptor >= 0 else {
      throw Failure("cannot write \(Files.shown(path)): \(String(cString: strerror(errno)))")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends a line. A full disk loses log lines, not the shop.
  func append(_ line: [UInt8]) {
    if byteCount + line.count + 1 > maximumByteCount, byteCount > 0 { rotate() }
    guard descriptor >= 0 else { return }
    Files.writeAll(line + [UInt8(ascii: "\n")], to: descriptor)
    byteCount += line.count + 1
  }

  private func open() {
    descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    byteCount = Files.byteCount(path) ?? 0
  }

  private func rotate() {
    close(descriptor)
    rename(path, path + ".1")
    open()
  }
}

/// Cuts a stream of bytes into lines; a line longer than the limit is cut, too.
struct LineSplitter {
  /// Bytes of the longest line that stays whole.
  static let maximumLineByteCount = 16_384

  private var rest: [UInt8] = []

  /// The lines that `bytes` completes, without their ends.
  mutating func take(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(rest)
        rest = []
      } else {
        rest.append(byte)
        if rest.count == Self.maximumLineByteCount {
          lines.append(rest)
          rest = []
        }
      }
    }
    return lines
  }

  /// What came after the last line's end; nil when nothing did.
  mutating func end() -> [UInt8]? {
    defer { rest = [] }
    return rest.isEmpty ? nil : rest
  }
}
