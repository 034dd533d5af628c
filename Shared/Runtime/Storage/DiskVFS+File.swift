// https://sqlite.org/c3ref/io_methods.html before changing this file.

import CSQLite
import Disk

/// What SQLite's `sqlite3_file` is here. It owns nothing: the disk outlives the connection.
struct OpenFile {
  var base: sqlite3_file
  var disk: Unmanaged<Disk>
  var kind: DiskFileKind
}

extension DiskVFS {
  /// The methods of an open file.
  static func makeMethods() -> sqlite3_io_methods {
    var methods = sqlite3_io_methods()
    // 1: no shared memory and no memory mapping.
    methods.iVersion = 1
    methods.xClose = { _ in SQLITE_OK }
    methods.xRead = { open, destination, count, offset in
      // Safe: SQLite gives `count` bytes.
      let target = UnsafeMutableRawBufferPointer(start: destination, count: Int(count))
      let file = DiskVFS.file(open)
      var found = 0
      let code = DiskVFS.disk(open).answer(IOFailure.read) { _ throws(DiskError) in
        found = try file.read(at: offset, into: target)
      }
      guard code == SQLITE_OK else { return code }
      guard found < target.count else { return SQLITE_OK }
      // Safe: `found` is less than `count`. SQLite wants the rest to be zeros.
      UnsafeMutableRawBufferPointer(rebasing: target[found...]).initializeMemory(as: UInt8.self, repeating: 0)
      return IOFailure.shortRead
    }
    methods.xWrite = { open, source, count, offset in
      let file = DiskVFS.file(open)
      // Safe: SQLite gives `count` bytes.
      let source = UnsafeRawBufferPointer(start: source, count: Int(count))
      return DiskVFS.disk(open).answer(IOFailure.write) { _ throws(DiskError) in
        try file.write(source, at: offset)
      }
    }
    methods.xTruncate = { open, byteCount in
      let file = DiskVFS.file(open)
      return DiskVFS.disk(open).answer(IOFailure.truncate) { _ throws(DiskError) in
        try file.truncate(to: byteCount)
      }
    }
    methods.xSync = { open, _ in
      DiskVFS.disk(open).answer(IOFailure.flush) { disk throws(DiskError) in try disk.sync() }
    }
    methods.xFileSize = { open, byteCount in
      byteCount!.pointee = DiskVFS.file(open).byteCount
      return SQLITE_OK
    }
    // One connection: every lock is granted, and nobody else has one.
    methods.xLock = { _, _ in SQLITE_OK }
    methods.xUnlock = { _, _ in SQLITE_OK }
    methods.xCheckReservedLock = { _, isReserved in
      isReserved!.pointee = 0
      return SQLITE_OK
    }
    methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
    methods.xSectorSize = { _ in Int32(DiskLayout.blockByteCount) }
    methods.xDeviceCharacteristics = { _ in 0 }
    return methods
  }

  private static func file(_ open: UnsafeMutablePointer<sqlite3_file>?) -> DiskFile {
    // Safe: `xOpen` made it one.
    disk(open).file(UnsafeMutableRawPointer(open!).assumingMemoryBound(to: OpenFile.self).pointee.kind)
  }

  private static func disk(_ open: UnsafeMutablePointer<sqlite3_file>?) -> Disk {
    // Safe: `xOpen` made it one, and the VFS, which outlives the connection, keeps the disk.
    UnsafeMutableRawPointer(open!).assumingMemoryBound(to: OpenFile.self).pointee.disk.takeUnretainedValue()
  }
}

extension Disk {
  /// Runs `body` and returns what SQLite is told of it: `failure` where the device failed.
  func answer(_ failure: Int32, _ body: (Disk) throws(DiskError) -> Void) -> Int32 {
    do throws(DiskError) {
      try body(self)
      return SQLITE_OK
    } catch .full {
      return SQLITE_FULL
    } catch {
      return failure
    }
  }
}

/// SQLite's extended codes for failed I/O. They are expressions in C, which Swift does not import.
enum IOFailure {
  static var read: Int32 { SQLITE_IOERR | 1 << 8 }
  static var shortRead: Int32 { SQLITE_IOERR | 2 << 8 }
  static var write: Int32 { SQLITE_IOERR | 3 << 8 }
  static var flush: Int32 { SQLITE_IOERR | 4 << 8 }
  static var truncate: Int32 { SQLITE_IOERR | 6 << 8 }
  static var delete: Int32 { SQLITE_IOERR | 10 << 8 }
  static var nothingToDelete: Int32 { SQLITE_IOERR | 23 << 8 }
}
