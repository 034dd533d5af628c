import Glibc

/// Where one service's database is: in a file for a process, on a disk for a machine, never in both.
///
/// A move makes a verified copy under a name that nobody opens, then takes the source away, then gives the copy its
/// name. Whenever it is interrupted there is one live copy, or none and a whole one with the name that nobody opens,
/// which the next start puts in its place.
struct DatabasePlace {
  /// How databases cross between files and disks. Each makes the second path anew, whole and durable, and has compared
  /// it with the first, or throws; afterwards the first has nothing beside it that belongs to it (a WAL).
  struct Transfer {
    var fileToDisk: (_ file: String, _ disk: String, _ service: String) throws(Failure) -> Void
    var diskToFile: (_ disk: String, _ file: String, _ service: String) throws(Failure) -> Void
    /// Makes an empty disk.
    var makeDisk: (_ disk: String, _ service: String) throws(Failure) -> Void
  }

  /// What SQLite keeps beside a database file.
  static let companions = ["-wal", "-shm", "-journal"]

  let service: String
  let file: String
  let disk: String

  init(_ service: String, in folder: DataFolder) {
    self.service = service
    file = folder.database(service)
    disk = folder.disk(service)
  }

  /// Brings the database to where `target` has it. Returns a line for the user when it was moved.
  func prepare(for target: Target, _ transfer: Transfer) throws(Failure) -> String? {
    let (source, destination) = target.isImages ? (file, disk) : (disk, file)
    try finishInterruptedMoves()
    if Files.exists(source), Files.exists(destination) {
      throw Failure(
        "both \(Files.shown(file)) and \(Files.shown(disk)) are there, and only one can be the \(service)'s database: "
          + "move the other one away")
    }
    if Files.exists(destination) { return nil }
    guard Files.exists(source) else {
      if target.isImages {
        try transfer.makeDisk(moving(disk), service)
        try rename(moving(disk), to: disk)
      }
      return nil
    }
    if target.isImages {
      try transfer.fileToDisk(file, moving(disk), service)
    } else {
      try transfer.diskToFile(disk, moving(file), service)
    }
    try remove(source)
    try rename(moving(destination), to: destination)
    return
      "moved the \(service)'s database from \(Files.shown(source)) to \(Files.shown(destination)), verified"
  }

  private func moving(_ path: String) -> String { path + ".moving" }

  /// A copy whose source is still there may be half of one; without it, the copy is the database.
  private func finishInterruptedMoves() throws(Failure) {
    for path in [file, disk] where Files.exists(moving(path)) {
      if Files.exists(file) || Files.exists(disk) {
        try remove(moving(path))
      } else {
        try rename(moving(path), to: path)
      }
    }
  }

  /// What belongs to a database goes before it: alone, it would be taken for part of the next one of that name.
  private func remove(_ path: String) throws(Failure) {
    for companion in Self.companions.map({ path + $0 }) + [path] where Files.exists(companion) {
      guard unlink(companion) == 0 else {
        throw Failure("cannot remove \(Files.shown(companion)): \(String(cString: strerror(errno)))")
      }
    }
    try syncFolder(of: path)
  }

  private func rename(_ old: String, to new: String) throws(Failure) {
    guard Glibc.rename(old, new) == 0 else {
      throw Failure("cannot rename \(Files.shown(old)): \(String(cString: strerror(errno)))")
    }
    try syncFolder(of: new)
  }

  /// Names are durable once their folder is.
  private func syncFolder(of path: String) throws(Failure) {
    let folder = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw Failure("cannot make \(Files.shown(folder)) durable: \(String(cString: strerror(errno)))")
    }
  }
}
