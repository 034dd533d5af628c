import Foundation
import Glibc

/// One shell command in the lab's dom0, over the socket of its agent (deploy/xen-lab/dom0/agent): a line
/// `TOKEN BASE64` there; back come `TOKEN begins`, the command's output, and `TOKEN STATUS`.
final class Dom0Command {
  /// Tells this command's answer from the rest of an earlier one whose caller did not wait.
  private let token: String
  private let loop: PollLoop
  private let line: ([UInt8]) -> Void
  private let ended: (Int32?) -> Void
  private var descriptor: Int32
  private var splitter = LineSplitter()
  private var hasBegun = false
  /// The end of the output stands on a line of its own, behind an empty one that is not the command's.
  private var emptyLines = 0
  private var timer: PollLoop.TimerID?

  /// Runs `command`. Calls `line` for each line of what it prints (to either output), then `ended` with its exit status;
  /// with nil when dom0 is gone, or `milliseconds` are over. Another command's end is waited for.
  ///
  /// Nil when nobody listens at the socket.
  init?(
    _ command: String, in lab: Lab, loop: PollLoop, within milliseconds: Int? = nil,
    line: @escaping ([UInt8]) -> Void, ended: @escaping (Int32?) -> Void
  ) {
    guard let descriptor = UnixSocket.connect(lab.commandSocket) else { return nil }
    self.descriptor = descriptor
    self.loop = loop
    self.line = line
    self.ended = ended
    token = "souk" + Files.randomBytes(8).map { String($0, radix: 16) }.joined()
    let script = Data(command.utf8).base64EncodedString()
    Files.writeAll(Array("\(token) \(script)\n".utf8), to: descriptor)
    loop.whenReadable(descriptor) { self.receive() }
    if let milliseconds { timer = loop.after(milliseconds) { self.end(nil) } }
  }

  /// Hears no more of it, and calls nobody. The command itself goes on.
  func forget() {
    guard descriptor >= 0 else { return }
    loop.cancel(timer)
    loop.forget(descriptor)
    close(descriptor)
    descriptor = -1
  }

  private func end(_ status: Int32?) {
    guard descriptor >= 0 else { return }
    forget()
    ended(status)
  }

  private func receive() {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &chunk, chunk.count)
    if count > 0 {
      for text in splitter.take(chunk[..<count]) where descriptor >= 0 { take(text) }
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      end(nil)
    }
  }

  private func take(_ text: [UInt8]) {
    guard hasBegun else {
      // The last line of another command's may stand before it.
      hasBegun = text.suffix(token.utf8.count + 7).elementsEqual("\(token) begins".utf8)
      return
    }
    if text.starts(with: "\(token) ".utf8) {
      end(Int32(String(decoding: text.dropFirst(token.utf8.count + 1), as: UTF8.self)) ?? -1)
      return
    }
    if text.isEmpty {
      emptyLines += 1
      return
    }
    for _ in 0..<emptyLines { line([]) }
    emptyLines = 0
    line(text)
  }

  /// Runs `command` to its end. Returns its exit status and what it printed; nil as in `init`.
  static func run(_ command: String, in lab: Lab, within milliseconds: Int) -> (
    status: Int32, output: String
  )? {
    let loop = PollLoop()
    var lines: [String] = []
    var answer: Int32?
    var isOver = false
    let running = Dom0Command(
      command, in: lab, loop: loop, within: milliseconds,
      line: { lines.append(String(decoding: $0, as: UTF8.self)) },
      ended: {
        answer = $0
        isOver = true
      })
    guard running != nil else { return nil }
    loop.run { isOver }
    return answer.map { ($0, lines.joined(separator: "\n")) }
  }
}
