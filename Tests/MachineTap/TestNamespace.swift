import CLinux
import Foundation

/// A network namespace that exists for one test, around the thread that runs it.
enum TestNamespace {
  /// Whether this machine lets us make one: root, and a TUN driver.
  static let isPossible = geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0

  /// Runs `body` on a thread in a namespace of its own.
  static func run(_ body: @escaping () throws -> Void) throws {
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
  static func ip(_ arguments: String) throws {
    let words = (["ip"] + arguments.split(separator: " ").map(String.init)).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, "ip", nil, nil, words, environ)
    guard code == 0 else { throw Refused(what: "ip " + arguments, code: code) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Refused(what: "ip " + arguments, code: status) }
  }

  struct Refused: Error {
    let what: String
    let code: Int32
  }
}
