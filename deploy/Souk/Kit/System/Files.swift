import Glibc

/// Small files, read and written whole.
enum Files {
  /// The bytes of the file at `path`; nil when it cannot be read.
  static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// The file as text, without white space around it.
  static func text(_ path: String) -> String? {
    guard let bytes = read(path) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }

  /// Replaces the file at `path` as a whole: a reader sees the old bytes or the new ones.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(Failure) {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw cannot("write", temporary) }
    let written = writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard written else { throw cannot("write", temporary, code) }
    guard rename(temporary, path) == 0 else { throw cannot("write", path) }
  }

  /// Writes all of `bytes`, however many calls it takes.
  @discardableResult
  static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        guard errno == EAGAIN else { return false }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, -1)
        continue
      }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Writes to a file that is there already, such as one of /proc/sys; whether it took them.
  @discardableResult
  static func writeAll(_ bytes: [UInt8], toExisting path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return writeAll(bytes, to: descriptor)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// What is in the folder at `path`; nil when it is none.
  static func names(in path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      // Safe: the entry lives until the next call, and its name ends in a zero.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  static func byteCount(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  /// `path` seen from the working directory when that is shorter to read.
  static func shown(_ path: String) -> String {
    let here = workingDirectory() + "/"
    return path.hasPrefix(here) && path.count > here.count ? String(path.dropFirst(here.count)) : path
  }

  static func workingDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }

  /// `path` from the root, without `.` and `..`.
  static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    let whole = path.hasPrefix("/") ? path : workingDirectory() + "/" + path
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Random bytes of the kernel.
  static func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(getentropy(&bytes, count) == 0, "at most 256 bytes at a time")
    return bytes
  }

  private static func cannot(_ verb: String, _ path: String, _ code: Int32 = errno) -> Failure {
    Failure("cannot \(verb) \(shown(path)): \(String(cString: strerror(code)))")
  }
}
