import Foundation

/// A program that a test starts, in the calling thread's network namespace.
public final class TestProcess {
  private let child: pid_t
  private let output: Int32
  private var said: [UInt8] = []
  private var status: Int32?

  /// Starts `program` of PATH or an administrator's folder. Both its outputs are kept for `finish`.
  public init(_ program: String, _ arguments: [String]) throws {
    guard let path = Self.path(of: program) else {
      throw TestNamespace.Refused(what: "\(program) is not installed", code: ENOENT)
    }
    var pipes: [Int32] = [0, 0]
    guard pipe(&pipes) == 0 else { throw TestNamespace.Refused(what: "pipe", code: errno) }
    for end in pipes { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
    var child: pid_t = 0
    let code = posix_spawn(&child, path, &actions, nil, words, environ)
    posix_spawn_file_actions_destroy(&actions)
    for word in words { free(word) }
    close(pipes[1])
    guard code == 0 else {
      close(pipes[0])
      throw TestNamespace.Refused(what: path, code: code)
    }
    self.child = child
    output = pipes[0]
  }

  deinit {
    stop()
    close(output)
  }

  /// Where `program` is; nil when it is not installed.
  public static func path(of program: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin"]
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// All that it has said up to now. Does not wait.
  public var words: String {
    var isReady = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    while poll(&isReady, 1, 0) == 1, readMore() {}
    return String(decoding: said, as: UTF8.self)
  }

  /// Reads all that it says until it ends. Blocks.
  public func finish() -> (status: Int32, output: String) {
    while readMore() {}
    wait()
    return (status!, String(decoding: said, as: UTF8.self))
  }

  /// Waits for more words; returns false when there will be none.
  private func readMore() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(output, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count > 0 { said += buffer[..<count] }
      return count > 0
    }
  }

  /// Ends it if it has not ended.
  public func stop() {
    guard status == nil else { return }
    kill(child, SIGKILL)
    wait()
  }

  private func wait() {
    var code: Int32 = 0
    while waitpid(child, &code, 0) < 0, errno == EINTR {}
    status = code & 0x7f == 0 ? code >> 8 & 0xff : 128 + code & 0x7f
  }

  /// Runs `program` to its end. Blocks.
  public static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    try TestProcess(program, arguments).finish()
  }
}
