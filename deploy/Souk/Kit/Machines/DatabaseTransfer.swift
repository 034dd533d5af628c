import Glibc

extension DatabasePlace.Transfer {
  /// Bytes of a new disk: the catalog keeps pictures.
  static func diskByteCount(_ service: String) -> Int {
    service == ServiceKind.catalog.rawValue ? 256 << 20 : DiskImage.defaultByteCount
  }

  /// Between files and disks in Souk's layout.
  static var disks: DatabasePlace.Transfer {
    DatabasePlace.Transfer(
      fileToDisk: { (file, disk, service) throws(Failure) in
        let source = try contents(SQLiteFile(reading: file))
        // Room for as much again, in steps of the usual size.
        let step = DiskImage.defaultByteCount
        let wanted = ((Files.byteCount(file) ?? 0) + (Files.byteCount(file + "-wal") ?? 0)) * 2
        let byteCount = max(diskByteCount(service), (wanted + step - 1) / step * step)
        try DiskImage.create(disk, service: service, byteCount: byteCount, force: true)
        try DiskImage.import(file, to: disk, force: true)
        let copy = try contents(SQLiteFile(on: DiskImage.overlaid(disk), shown: Files.shown(disk)))
        try compare(source, copy, service)
      },
      diskToFile: { (disk, file, service) throws(Failure) in
        // Of a service that never ran: an empty file is an empty database.
        guard try DiskImage.holdsDatabase(DiskImage.overlaid(disk)) else {
          return try Files.write([], to: file, mode: 0o600)
        }
        try DiskImage.export(disk, to: file, force: true)
        let source = try contents(SQLiteFile(on: DiskImage.overlaid(disk), shown: Files.shown(disk)))
        let copy = try SQLiteFile(reading: file)
        let problems = try copy.problems()
        guard problems.isEmpty else {
          throw Failure("the copy of the \(service)'s disk is damaged: \(problems[0])")
        }
        try compare(source, contents(copy), service)
      },
      makeDisk: { (disk, service) throws(Failure) in
        try DiskImage.create(disk, service: service, byteCount: diskByteCount(service), force: true)
      })
  }

  /// What two copies of a database agree in: version, schema, and how many rows each table has.
  private static func contents(_ database: SQLiteFile) throws(Failure) -> [String] {
    var lines = try database.rows("PRAGMA user_version")
    lines += try database.rows("SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name")
    for table in try database.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
    {
      let quoted = table.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      lines += try database.rows("SELECT count(*) FROM \"\(quoted)\"").map { "\(table): \($0) rows" }
    }
    return lines
  }

  private static func compare(_ source: [String], _ copy: [String], _ service: String) throws(Failure) {
    guard source == copy else {
      throw Failure("the copy of the \(service)'s database differs from it: nothing was moved")
    }
  }
}
