import Glibc

/// The addresses that an image prints before it stops (Shared/Runtime/CBoot/trap.c), picked out of its console.
struct Backtrace {
  /// Of one trap; an image prints fewer.
  static let maximumAddressCount = 64

  private(set) var addresses: [String] = []
  private var isOpen = false

  /// Looks at a line of the console.
  mutating func take(_ line: [UInt8]) {
    if line.starts(with: "backtrace:".utf8) {
      addresses = []
      isOpen = true
      return
    }
    let words = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\r" }
    guard isOpen, words.count == 2, words[0] == "at", words[1].hasPrefix("0x"),
      UInt64(words[1].dropFirst(2), radix: 16) != nil, addresses.count < Self.maximumAddressCount
    else {
      isOpen = false
      return
    }
    addresses.append(String(words[1]))
  }

  /// Which lines of which functions the addresses are, by the image with symbols at `path`. Calls `line` for each, while
  /// `loop` goes on, and `finished` at the end; at once when there are no addresses, or no symbols.
  func symbolise(
    _ path: String, loop: PollLoop, line: @escaping ([UInt8]) -> Void, finished: @escaping () -> Void = {}
  ) {
    guard !addresses.isEmpty, Files.exists(path), let pipe = try? Sockets.pipe() else { return finished() }
    // The compiler's own tool turns Swift's names into words, where it is there.
    var spawn = Spawn(
      executable: "/bin/sh",
      arguments: [
        "-c",
        "obj=$1; shift; llvm-symbolizer --pretty-print --obj=\"$obj\" \"$@\" "
          + "| if command -v swift-demangle >/dev/null; then swift-demangle --simplified; else cat; fi",
        "symbolise", path,
      ] + addresses)
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    let high = fcntl(nowhere, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
    spawn.descriptors = [(pipe.writing, 1), (high, 2)]
    _ = try? spawn.start()
    for descriptor in [nowhere, high, pipe.writing] { close(descriptor) }
    Sockets.setNonBlocking(pipe.reading)
    var splitter = LineSplitter()
    loop.whenReadable(pipe.reading) {
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(pipe.reading, &chunk, chunk.count)
      if count > 0 {
        for text in splitter.take(chunk[..<count]) where !text.isEmpty { line(Array("  ".utf8) + text) }
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        loop.forget(pipe.reading)
        close(pipe.reading)
        finished()
      }
    }
  }
}
