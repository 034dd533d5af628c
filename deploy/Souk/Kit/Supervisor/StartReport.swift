import Glibc

/// How a supervisor in the background tells the command that started it how the start goes: lines through a
/// pipe, `progress TEXT`, then one `ready` or `failed CODE TEXT`.
struct StartReport {
  /// The pipe's end in the supervisor.
  static let descriptor: Int32 = 3

  enum Message: Equatable {
    case progress(String)
    case ready
    case failed(Failure)

    /// Reads a line of the pipe; nil when it is none of ours.
    init?(_ line: [UInt8]) {
      let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
      switch words.first {
      case "progress": self = .progress(words.dropFirst().joined(separator: " "))
      case "ready": self = .ready
      case "failed" where words.count == 3:
        self = .failed(Failure(String(words[2]), exitCode: Int32(words[1]) ?? 1))
      default: return nil
      }
    }

    var bytes: [UInt8] {
      let text =
        switch self {
        case .progress(let text): "progress \(text)"
        case .ready: "ready"
        // A message of several lines keeps its line ends as the escape that no message uses.
        case .failed(let failure):
          "failed \(failure.exitCode) "
            + failure.message.split(separator: "\n", omittingEmptySubsequences: false).joined(
              separator: "\u{1e}")
        }
      return Array((text + "\n").utf8)
    }
  }

  /// Sends `message`; whoever started us may be gone, which is no reason to stop.
  static func send(_ message: Message) { Files.writeAll(message.bytes, to: descriptor) }

  /// Sends the last message and ends the pipe. The descriptor stays, pointing nowhere: its number must not become
  /// that of a log or a socket, into which a later `send` would write.
  static func end(with message: Message, on descriptor: Int32 = descriptor) {
    Files.writeAll(message.bytes, to: descriptor)
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard nowhere >= 0 else { return }
    dup2(nowhere, descriptor)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    close(nowhere)
  }

  /// Follows the pipe to its verdict. `progress` is called for what happens before.
  static func wait(on descriptor: Int32, progress: (String) -> Void) throws(Failure) {
    var splitter = LineSplitter()
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      for line in splitter.take(chunk[..<count]) {
        switch Message(line) {
        case .progress(let text): progress(text)
        case .ready: return
        case .failed(let failure):
          throw Failure(
            failure.message.split(separator: "\u{1e}", omittingEmptySubsequences: false).joined(
              separator: "\n"),
            exitCode: failure.exitCode)
        case nil: break
        }
      }
    }
    throw Failure("the supervisor in the background ended without a word; `souk logs souk` may tell more")
  }
}
