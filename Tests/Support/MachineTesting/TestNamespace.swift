import CLinux
import Foundation

/// A network namespace that exists for one test, around the thread that runs it and those that it starts.
public enum TestNamespace {
  /// Whether this machine lets us make one: root, a TUN driver, and iproute2.
  public static let isPossible =
    geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0 && TestProcess.path(of: "ip") != nil

  /// Whether tests run: where they cannot they are skipped, but not in CI, where they fail.
  public static let isExpected = isPossible || isCI

  /// Whether CI runs the tests.
  public static let isCI = getenv("CI") != nil

  /// Runs `body` on a thread in a namespace of its own.
  public static func run(_ body: @escaping () throws -> Void) throws {
    var outcome: Result<Void, any Error>?
    let done = DispatchSemaphore(value: 0)
    // The semaphore orders the two threads: what is captured is only ever touched by one of them.
    nonisolated(unsafe) let work = {
      outcome = Result {
        guard souk_leave_network_namespace() == 0 else { throw Refused(what: "unshare", code: errno) }
        try body()
      }
      done.signal()
    }
    Thread { work() }.start()
    done.wait()
    try outcome!.get()
  }

  /// Runs `ip ARGUMENTS` in the calling thread's namespace.
  public static func ip(_ arguments: String) throws {
    let answer = try TestProcess.run("ip", arguments.split(separator: " ").map(String.init))
    guard answer.status == 0 else {
      throw Refused(what: "ip \(arguments): \(answer.output)", code: answer.status)
    }
  }

  /// Sets a kernel parameter, such as `net.ipv4.tcp_tw_reuse`, of the calling thread's namespace.
  public static func set(_ parameter: String, _ value: String) throws {
    let path = "/proc/sys/" + parameter.split(separator: ".").joined(separator: "/")
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard write(descriptor, value, value.utf8.count) == value.utf8.count else {
      throw Refused(what: path, code: errno)
    }
  }

  /// What the system did not do.
  public struct Refused: Error {
    /// The call or the command.
    public let what: String
    /// Its errno, or its exit status.
    public let code: Int32

    /// What was refused, and how.
    public init(what: String, code: Int32) {
      self.what = what
      self.code = code
    }
  }
}
