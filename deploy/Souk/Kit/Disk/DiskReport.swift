import Disk

/// What `souk disk inspect` found, for people and for scripts.
struct DiskReport: Encodable {
  struct Database: Encodable {
    /// Bytes of the database and of its log.
    var bytes: Int64
    var logBytes: Int64
    /// `PRAGMA user_version`: the last migration.
    var version: Int
    /// What SQLite's integrity check said; empty when all is well.
    var problems: [String]
  }

  var path: String
  var service: String
  var id: String
  var format: Int
  var generation: UInt64
  var bytes: UInt64
  var freeBytes: UInt64
  /// A copy of the superblock is not whole; the other one holds.
  var hasDamagedSuperblock: Bool
  var database: Database?

  var isSound: Bool { database?.problems.isEmpty ?? true }

  /// Looks at the disk at `path`, which is left as it is.
  init(_ path: String) throws(Failure) {
    let disk = try DiskImage.overlaid(path)
    let chunk = UInt64(DiskLayout.chunkByteCount)
    self.path = Files.shown(path)
    service = disk.service
    id = disk.id.text
    format = Disk.formatVersion
    generation = disk.generation
    bytes = disk.deviceByteCount
    freeBytes = UInt64(disk.freeChunkCount) * chunk
    hasDamagedSuperblock = disk.hasDamagedCopy
    guard DiskImage.holdsDatabase(disk) else { return }
    var found = Database(
      bytes: disk.file(.database).byteCount, logBytes: disk.file(.log).byteCount, version: 0, problems: [])
    do throws(Failure) {
      let file = try SQLiteFile(on: disk, shown: Files.shown(path))
      found.problems = try file.problems()
      found.version = Int(try file.rows("PRAGMA user_version").first ?? "") ?? 0
    } catch {
      found.problems = [error.message]
    }
    database = found
  }

  var text: String {
    var rows = [
      ["disk", path], ["service", service], ["id", id],
      ["format", "\(format), generation \(generation)" + (hasDamagedSuperblock ? ", one copy damaged" : "")],
      ["size", "\(Self.size(Int64(bytes))), \(Self.size(Int64(freeBytes))) free"],
    ]
    if let database {
      rows.append(["database", "\(Self.size(database.bytes)), version \(database.version)"])
      rows.append(["log", Self.size(database.logBytes)])
      rows.append(["integrity", database.problems.isEmpty ? "ok" : "DAMAGED"])
      rows += database.problems.map { ["", $0] }
    } else {
      rows.append(["database", "none yet"])
    }
    return Console.table(rows)
  }

  /// In KiB or MiB, which chunks are.
  private static func size(_ byteCount: Int64) -> String {
    if byteCount < 10 << 20 { return "\(byteCount >> 10) KiB" }
    return "\(byteCount >> 20) MiB"
  }
}
