import CLinux
import Glibc

/// The end of a log file, and what is added to it, across rotations.
struct LogTail {
  let name: String
  private let path: String
  private var descriptor: Int32
  private var splitter = LineSplitter()

  init(name: String, path: String) {
    self.name = name
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
  }

  /// The last `count` lines there are, with the rotated file's when this one has fewer.
  mutating func past(_ count: Int) -> [[UInt8]] {
    var lines = more()
    if lines.count < count, let older = Files.read(path + ".1") {
      var splitter = LineSplitter()
      lines = splitter.take(older) + lines
    }
    return lines.suffix(count)
  }

  /// The lines added since the last call.
  mutating func more() -> [[UInt8]] {
    var lines = rest()
    // Another file of the same name: the one we have was rotated away, and is read to its end.
    var ours = stat()
    var current = stat()
    if stat(path, &current) == 0,
      descriptor < 0 || (fstat(descriptor, &ours) == 0 && ours.st_ino != current.st_ino)
    {
      if descriptor >= 0 { close(descriptor) }
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      lines += rest()
    }
    return lines
  }

  private mutating func rest() -> [[UInt8]] {
    guard descriptor >= 0 else { return [] }
    var lines: [[UInt8]] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return lines }
      lines += splitter.take(chunk[..<count])
    }
  }

  /// Lines of several logs, by the time each begins with; a line without one stays behind its predecessor.
  static func inOrderOfTime(_ lines: [(name: String, line: [UInt8])]) -> [(name: String, line: [UInt8])] {
    var time: [UInt8] = []
    var previous = ""
    let keyed = lines.enumerated().map { index, entry in
      if entry.name != previous { time = [] }
      previous = entry.name
      if let found = timestamp(entry.line) { time = found }
      return (time: time, index: index, entry: entry)
    }
    return keyed.sorted {
      $0.time == $1.time ? $0.index < $1.index : $0.time.lexicographicallyPrecedes($1.time)
    }.map(\.entry)
  }

  /// What stands behind `time=` or in `"time":"…"` at the start of a line.
  private static func timestamp(_ line: [UInt8]) -> [UInt8]? {
    for start in ["time=", "{\"time\":\""] where line.starts(with: start.utf8) {
      return Array(line.dropFirst(start.utf8.count).prefix { $0 != 32 && $0 != UInt8(ascii: "\"") })
    }
    return nil
  }

  /// Watches the folder of logs.
  static func watch(_ folder: String) throws(Failure) -> Int32 {
    let descriptor = inotify_init1(Int32(IN_CLOEXEC))
    let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
    guard descriptor >= 0, inotify_add_watch(descriptor, folder, mask) >= 0 else {
      throw Failure("cannot follow \(Files.shown(folder)): \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// Returns when something in the watched folder has changed.
  static func waitForChange(_ descriptor: Int32) {
    var events = [UInt8](repeating: 0, count: 4096)
    _ = read(descriptor, &events, events.count)
  }
}
