import Glibc

/// Where one service's database is: in a file for a process, on a disk for a machine, never in both.
///
/// A move makes a verified copy under a name that nobody opens, then takes the source away, then gives the copy its
/// name. Whenever it is interrupted there is one live copy, or none and a whole one with the name that nobody opens,
/// which the next start puts in its place.
struct DatabasePlace {
  /// How databases cross between files and disks. Each makes the second path anew, whole and durable, and has compared
  /// it with the first, which is left as it is; or throws.
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
        // Not the name of a copy: half of a new disk must not be taken for one.
        let fresh = disk + ".new"
        try transfer.makeDisk(fresh, service)
        try rename(fresh, to: disk)
      }
      return nil
    }
    if target.isImages {
      try transfer.fileToDisk(file, moving(disk), service)
    } else {
      try transfer.diskToFile(disk, moving(file), service)
    }
    // The copy's name, too, before the source goes: not every file system makes them durable in this order by itself.
    try syncFolder(of: moving(destination))
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
        if path == file { try removeCompanions(of: file) }
        try rename(moving(path), to: path)
      }
    }
    if !Files.exists(file) { try removeCompanions(of: file) }
  }

  /// The database first: without its WAL it would be an older state that looks whole.
  private func remove(_ path: String) throws(Failure) {
    try unlinkFile(path)
    try syncFolder(of: path)
    try removeCompanions(of: path)
  }

  /// What belonged to a database that has gone: it would be taken for part of the next one of that name.
  private func removeCompanions(of path: String) throws(Failure) {
    for companion in Self.companions.map({ path + $0 }) where Files.exists(companion) {
      try unlinkFile(companion)
    }
    try syncFolder(of: path)
  }

  private func unlinkFile(_ path: String) throws(Failure) {
    guard unlink(path) == 0 else {
      throw Failure("cannot remove \(Files.shown(path)): \(String(cString: strerror(errno)))")
    }
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
