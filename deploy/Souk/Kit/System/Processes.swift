import CLinux
import Foundation
import Glibc

/// A process, told from a later one with the same number by the time it started.
struct ProcessIdentity: Codable, Equatable, Sendable {
  var pid: Int32
  /// Clock ticks after boot (field 22 of /proc/PID/stat).
  var startTime: UInt64

  /// The process `pid` as it is now; nil when there is none, or only its zombie.
  init?(pid: Int32) {
    guard pid > 0, let bytes = Files.read("/proc/\(pid)/stat") else { return nil }
    // The name in parentheses may hold anything; what follows the last one is plain.
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let start = UInt64(fields[19]) else {
      return nil
    }
    self.pid = pid
    self.startTime = start
  }

  var isAlive: Bool { ProcessIdentity(pid: pid) == self }

  /// Proportional set size: the process's own memory and its share of what it shares; nil without a process.
  var memoryByteCount: Int? {
    guard isAlive, let bytes = Files.read("/proc/\(pid)/smaps_rollup") else { return nil }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("Pss:") {
      return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    return nil
  }
}

/// A program to start.
struct Spawn {
  var executable: String
  var arguments: [String]
  /// Added to this process's environment.
  var environment: [String: String] = [:]
  /// The child's descriptors beyond what it inherits: `to` becomes a copy of `from`. Every `from` must be
  /// above every `to`, so that no copy overwrites a later one's source.
  var descriptors: [(from: Int32, to: Int32)] = []
  var isolation: Isolation = .processGroup

  enum Isolation {
    /// Stays in the terminal's foreground group.
    case none
    /// A group of its own: a Ctrl-C on the terminal does not reach it.
    case processGroup
    /// A session of its own: survives the terminal.
    case session
  }

  /// Starts it, with no signal blocked or ignored.
  func start() throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    if isolation != .none { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
    for (from, to) in descriptors { posix_spawn_file_actions_adddup2(&actions, from, to) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    switch isolation {
    case .none: break
    case .processGroup: flags |= POSIX_SPAWN_SETPGROUP
    case .session: flags |= 0x80  // POSIX_SPAWN_SETSID, which <spawn.h> shows to _GNU_SOURCE only
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let all = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let variables = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    let words = ([executable] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in variables + words { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &actions, &attributes, words, variables)
    guard code == 0 else {
      throw Failure(
        "cannot start \(Files.shown(executable)): \(String(cString: strerror(code)))"
          + (code == ENOENT ? "; `./souk build` makes it" : ""))
    }
    return pid
  }

  /// Starts it and waits for its end. Exit code, or 128 + signal.
  func run() throws(Failure) -> Int32 {
    let pid = try start()
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return Ending(status: status).exitCode
  }
}

/// Becomes known when a process ends that is not a child of this one.
final class EndOfProcess {
  private let descriptor: Int32

  init(_ pid: Int32) { descriptor = souk_pidfd_open(pid) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns when the process has ended (true) or the time has passed (false).
  func wait(milliseconds: Int32) -> Bool {
    guard descriptor >= 0 else { return true }
    var ended = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&ended, 1, milliseconds) == 1
  }
}

/// How a process ended.
enum Ending: Equatable, Sendable {
  case exited(Int32)
  case killed(signal: Int32)

  /// From waitpid's status word.
  init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
  }

  var exitCode: Int32 {
    switch self {
    case .exited(let code): code
    case .killed(let signal): 128 + signal
    }
  }

  var description: String {
    switch self {
    case .exited(let code): "exited with \(code)"
    case .killed(let signal): "was killed by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}
