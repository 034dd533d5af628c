import CLinux
import Glibc
import Platform

/// The kernel's end of a transfer: iperf 2, which writes or reads as fast as it can, in the network namespace of the
/// thread that starts it.
struct Iperf {
  /// Seconds after which it ends in any case: whoever started it may be gone.
  private static let limit = 200

  private let process: pid_t
  private let output: Int32

  /// Accepts one connection to `port` and reads it to its end. Returns when it listens.
  static func server(_ family: Family, port: UInt16) throws(Refusal) -> Iperf {
    let server = try Iperf(["-s", "-p", "\(port)", "-P", "1"] + family.words)
    guard try server.line(containing: "Server listening") != nil else {
      throw Refusal("iperf does not listen: \(server.end())")
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

  /// Waits for its report: what went over the connection, by its count and its clock.
  func report() throws(Refusal) -> (byteCount: Int, seconds: Double) {
    guard let line = try line(containing: "bits/sec") else {
      throw Refusal("iperf does not say what it measured: \(end())")
    }
    _ = end()
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
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
    // A line at a time, though it writes to a pipe; and where the measured end is not.
    let pinned = Cores.isPinned ? ["taskset", "-c", "\(Cores.other)"] : []
    let words = pinned + ["timeout", "\(Self.limit)", "stdbuf", "-oL", "iperf", "-f", "b"] + arguments
    var texts = words.map { strdup($0) } + [nil]
    defer { for text in texts { free(text) } }
    var process: pid_t = 0
    guard posix_spawnp(&process, words[0], &actions, nil, &texts, environ) == 0 else {
      throw Refusal("there is no program `\(words[0])`")
    }
    close(ends[1])
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
      line.removeAll()
    }
    return nil
  }

  /// Ends the process; how it ended.
  private func end() -> String {
    kill(process, SIGTERM)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    close(output)
    return "status \(status)"
  }
}

extension Family {
  /// What iperf is told of it.
  fileprivate var words: [String] { self == .v6 ? ["-V"] : [] }
}
