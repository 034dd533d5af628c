import ArgumentParser
import Glibc

struct DownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down", abstract: "Stop the shop; what it knows stays.",
    discussion: "Requests in flight are finished first. Exit code 0 also when nothing was running.")

  /// Longer than the supervisor gives its services together.
  static let waitSeconds: UInt32 = 60

  @OptionGroup var options: DataOptions

  func run() throws {
    let folder = options.folder
    guard let state = folder.running() else {
      let domains = XenShop(folder)
      if domains.isRunning {
        try domains.down()
        return Console().print("stopped the shop in \(Files.shown(folder.path))")
      }
      try removeLeftover(folder)
      return Console.note("no shop runs in \(Files.shown(folder.path)); nothing to stop")
    }
    guard kill(state.supervisor.pid, SIGTERM) == 0 else {
      throw Failure("cannot stop the shop (pid \(state.supervisor.pid)): \(String(cString: strerror(errno)))")
    }
    // Its lock is free when it is gone: waiting for that needs no clock but the one that gives up.
    let descriptor = open(folder.lockFile, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var giveUp = sigaction()
    giveUp.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGALRM, &giveUp, nil)
    alarm(Self.waitSeconds)
    guard flock(descriptor, LOCK_EX) == 0 else {
      throw Failure(
        "the shop (pid \(state.supervisor.pid)) still runs after \(Self.waitSeconds) s: "
          + "`souk logs souk\(folder.option)` tells what it waits for, `kill -9 \(state.supervisor.pid)` ends it"
      )
    }
    alarm(0)
    Console().print("stopped the shop in \(Files.shown(folder.path))")
  }

  /// The network of a supervisor that was killed.
  private func removeLeftover(_ folder: DataFolder) throws(Failure) {
    let namespace = NetworkNamespace(folder)
    // Whoever holds the lock is about to use it, or to take it away.
    guard namespace.exists, let lock = try folder.lock() else { return }
    defer { close(lock) }
    guard namespace.removeLeftover() else {
      throw Failure(
        "a killed shop left the network namespace \(namespace.name) behind: as root, "
          + "`souk down\(folder.option)` or `ip netns delete \(namespace.name)` takes it away")
    }
    Console.note("took away the network namespace \(namespace.name), which a killed shop had left behind")
  }
}
