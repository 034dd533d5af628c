import Glibc

/// A shop's folder: everything it keeps, and everything about the one that runs.
///
/// `databases/`, `secrets`, `admin-token` and `logs/` stay; `run/` is for the time it runs. The folder and
/// what is in it belong to its owner alone (0700, 0600).
struct DataFolder {
  /// From the root.
  let path: String

  init(_ path: String) { self.path = Files.absolute(path) }

  var databases: String { path + "/databases" }
  var logs: String { path + "/logs" }
  var run: String { path + "/run" }
  var secretsFile: String { path + "/secrets" }
  var adminTokenFile: String { path + "/admin-token" }
  var stateFile: String { run + "/state.json" }
  var lockFile: String { run + "/lock" }
  func database(_ service: String) -> String { "\(databases)/\(service).sqlite" }
  func log(_ name: String) -> String { "\(logs)/\(name).log" }
  func settings(_ service: String) -> String { "\(run)/\(service).settings" }
  /// A machine's settings, as its loader hands them to it.
  func module(_ service: String) -> String { "\(run)/\(service).module" }
  /// Where a machine's QEMU listens for the switch, and for a debugger.
  func networkSocket(_ service: String) -> String { "\(run)/\(service).net" }
  func debugSocket(_ service: String) -> String { "\(run)/\(service).gdb" }
  func disk(_ service: String) -> String { "\(databases)/\(service).disk" }
  var forwarderSettings: String { settings("forwarder") }

  /// What another command needs to speak of the same folder: ` --data X`, or nothing for the default.
  var option: String {
    path == DataFolder(Checkout.defaultDataFolder).path ? "" : " --data \(Files.shown(path))"
  }

  /// Makes what is missing, and takes others' rights away.
  func prepare() throws(Failure) {
    for folder in [path, databases, logs, run] {
      if mkdir(folder, 0o700) != 0, errno != EEXIST {
        let reason = String(cString: strerror(errno))
        throw Failure("cannot make the folder \(Files.shown(folder)): \(reason); choose another with --data")
      }
      var status = stat()
      guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw Failure("\(Files.shown(folder)) is not a folder; choose another with --data")
      }
      if status.st_uid == geteuid() { chmod(folder, 0o700) }
      guard access(folder, W_OK | X_OK) == 0 else {
        throw Failure("the folder \(Files.shown(folder)) is not writable; choose another with --data")
      }
    }
  }

  /// Locks the folder for this process's life; the descriptor must stay open. Nil when another has it.
  func lock() throws(Failure) -> Int32? {
    let descriptor = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Failure("cannot open \(Files.shown(lockFile)): \(String(cString: strerror(errno)))")
    }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  /// The shop that runs from this folder; nil when there is none, whatever a dead one left behind.
  func running() -> ShopState? {
    guard let state = ShopState.read(stateFile), state.supervisor.isAlive else { return nil }
    return state
  }

  /// `running`, or a failure that says how to start one.
  func requireRunning() throws(Failure) -> ShopState {
    if let state = running() { return state }
    guard !XenShop(self).isRunning else {
      throw Failure(
        "the shop in \(Files.shown(path)) runs as domains of Xen: `xl list` shows them, `xl console` what one says, "
          + "`souk down\(option)` stops it")
    }
    throw Failure(
      "no shop runs in \(Files.shown(path)): `souk up --detach\(option)` starts it",
      exitCode: ExitCode.notRunning)
  }

  /// The names of the logs that exist, in the order the services start.
  func logNames() -> [String] {
    (ServiceKind.allCases.map(\.rawValue) + ["souk"]).filter { Files.exists(log($0)) }
  }
}
