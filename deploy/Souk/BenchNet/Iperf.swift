import CLinux
import Glibc
import Platform

/// The kernel's end of a transfer: iperf 2, which writes or reads as fast as it can, in the network namespace of the
/// thread that starts it. It ends when this object or this process does.
final class Iperf {
  private let process: pid_t
  private let output: Int32
  private var hasEnded = false
  /// Its last words, for whoever asks why.
  private var said = ""

  /// Accepts one connection to `port` and reads it to its end. Returns when it listens.
  static func server(_ family: Family, port: UInt16) throws(Refusal) -> Iperf {
    let server = try Iperf(["-s", "-p", "\(port)", "-P", "1"] + family.words)
    guard try server.line(containing: "Server listening") != nil else {
      throw Refusal("iperf does not listen: \(server.said)")
    }
    return server
  }

  /// Connects to `machine` and writes for some seconds; by `congestionControl` where that is not left to the kernel.
  static func client(
    to machine: UInt8, _ family: Family, port: UInt16, seconds: Double, congestionControl: String? = nil
  ) throws(Refusal) -> Iperf {
    let control = congestionControl.map { ["-Z", $0] } ?? []
    return try Iperf(
      ["-c", family.text(machine), "-p", "\(port)", "-t", "\(seconds)"] + family.words + control)
  }

  deinit {
    if !hasEnded { end() }
    close(output)
  }

  /// Waits for its report: what went over the connection, by its count and its clock. A server waits for its client, so
  /// ask that one first.
  func report() throws(Refusal) -> (byteCount: Int, seconds: Double) {
    guard let line = try line(containing: "bits/sec") else {
      throw Refusal("iperf does not say what it measured: \(said)")
    }
    end()
    guard let report = Self.report(line) else { throw Refusal("iperf said: \(line)") }
    return report
  }

  /// Whether it has ended. Its output is left to be read.
  var isOver: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
      && information.si_signo == SIGCHLD
  }

  /// Reads `[  1] 0.0000-0.2196 sec  209846332 Bytes  7645789259 bits/sec`.
  static func report(_ line: String) -> (byteCount: Int, seconds: Double)? {
    let words = line.split(separator: " ")
    guard let place = words.firstIndex(of: "sec"), place >= 1, words.count > place + 2,
      words[place + 2] == "Bytes", let byteCount = Int(words[place + 1])
    else { return nil }
    let times = words[place - 1].split(separator: "-")
    guard times.count == 2, let begin = Double(times[0]), let end = Double(times[1]) else { return nil }
    return (byteCount, end - begin)
  }

  // MARK: The process

  private init(_ arguments: [String]) throws(Refusal) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Refusal("no pipe: \(String(cString: strerror(errno)))") }
    // Another one that is started later does not keep this pipe open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    // It dies with this process, runs where the measured end does not, and says each line at once though to a pipe.
    let around =
      ["setpriv", "--pdeathsig", "KILL"] + (Cores.isPinned ? ["taskset", "-c", "\(Cores.other)"] : [])
      + ["stdbuf", "-oL"]
    var words = (around + ["iperf", "-f", "b"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let isStarted = posix_spawnp(&process, around[0], &actions, nil, &words, environ) == 0
    close(ends[1])
    guard isStarted else {
      close(ends[0])
      throw Refusal("there is no program `\(around[0])`: `apt-get install util-linux` brings it")
    }
    self.process = process
    output = ends[0]
  }

  /// The next line with these words; nil when it ends without.
  private func line(containing words: String) throws(Refusal) -> String? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(output, &byte, 1) == 1 {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        continue
      }
      let text = String(decoding: line, as: UTF8.self)
      if text.contains(words) { return text }
      // It would go on with what the kernel prefers.
      if text.contains("congestion control failed") { throw Refusal("iperf: \(text)") }
      if !text.isEmpty { said = text }
      line.removeAll()
    }
    return nil
  }

  private func end() {
    kill(process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    hasEnded = true
  }
}

extension Family {
  /// What iperf is told of it.
  fileprivate var words: [String] { self == .v6 ? ["-V"] : [] }
}
