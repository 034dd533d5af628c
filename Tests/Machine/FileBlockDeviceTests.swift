import Foundation
import Glibc
import Machine
import Platform
import Testing

@Suite struct FileBlockDeviceTests {
  /// Runs `body` with the path of a file of `byteCount` bytes.
  private func withFile(byteCount: Int, _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/souk-device-\(UUID().uuidString)"
    try Data(count: byteCount).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private func read(_ device: FileBlockDevice, at sector: UInt64, _ byteCount: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: byteCount)
    // Safe: the pointer is used only during the call.
    try bytes.withUnsafeMutableBytes { try device.read(at: sector, into: $0) }
    return bytes
  }

  @Test func `what is written is read back, by the next opener too`() throws {
    try withFile(byteCount: 10_000) { path in
      let bytes = (0..<1024).map { UInt8(truncatingIfNeeded: $0) }
      do {
        let device = try FileBlockDevice(path: path)
        // 19 whole sectors; the rest of the file is not used.
        #expect(device.sectorByteCount == 512 && device.sectorCount == 19)
        try device.write(at: 17, from: bytes.span.bytes)
        try device.flush()
        #expect(try read(device, at: 17, 1024) == bytes)
      }
      #expect(try read(try FileBlockDevice(path: path, writable: false), at: 17, 1024) == bytes)
    }
  }

  @Test func `sectors that are not there are refused`() throws {
    try withFile(byteCount: 4096) { path in
      let device = try FileBlockDevice(path: path)
      for (sector, byteCount) in [(8, 512), (7, 1024), (0, 100), (UInt64.max, 512)] as [(UInt64, Int)] {
        #expect(throws: BlockError.outOfRange) { _ = try read(device, at: sector, byteCount) }
        let bytes = [UInt8](repeating: 0, count: byteCount)
        #expect(throws: BlockError.outOfRange) { try device.write(at: sector, from: bytes.span.bytes) }
      }
    }
  }

  @Test func `a file that was cut, and one that may not be written, fail`() throws {
    try withFile(byteCount: 4096) { path in
      let device = try FileBlockDevice(path: path, writable: false)
      let bytes = [UInt8](repeating: 0, count: 512)
      #expect(throws: BlockError.failed) { try device.write(at: 0, from: bytes.span.bytes) }
      #expect(truncate(path, 512) == 0)
      #expect(throws: BlockError.failed) { _ = try read(device, at: 4, 512) }
    }
  }

  @Test(arguments: [true, false]) func `a disk that a QEMU has is in use`(_ writable: Bool) throws {
    try withFile(byteCount: 4096) { path in
      // What QEMU does (block/file-posix.c): read locks of single bytes, by F_OFD_SETLK.
      let other = open(path, O_RDWR | O_CLOEXEC)
      var lock = flock()
      lock.l_whence = Int16(SEEK_SET)
      lock.l_type = Int16(F_RDLCK)
      lock.l_start = 100
      lock.l_len = 2
      #expect(fcntl(other, 37, &lock) == 0)
      #expect(throws: FileDeviceError.inUse) { try FileBlockDevice(path: path, writable: writable) }
      close(other)
      let device = try FileBlockDevice(path: path, writable: writable)
      // And what it asks afterwards: whether anybody else holds such a byte (F_OFD_GETLK).
      let next = open(path, O_RDWR | O_CLOEXEC)
      defer { close(next) }
      lock.l_type = Int16(F_WRLCK)
      #expect(fcntl(next, 36, &lock) == 0 && lock.l_type != Int16(F_UNLCK))
      withExtendedLifetime(device) {}
    }
  }

  @Test func `two never share one`() throws {
    try withFile(byteCount: 4096) { path in
      do {
        let first = try FileBlockDevice(path: path)
        #expect(throws: FileDeviceError.inUse) { try FileBlockDevice(path: path) }
        #expect(throws: FileDeviceError.inUse) { try FileBlockDevice(path: path, writable: false) }
        withExtendedLifetime(first) {}
      }
      _ = try FileBlockDevice(path: path)
    }
    #expect(throws: FileDeviceError.notADisk) { try FileBlockDevice(path: "/dev/null") }
    #expect(throws: FileDeviceError.cannotOpen(ENOENT)) { try FileBlockDevice(path: "/nonexistent/disk") }
    #expect(FileDeviceError.cannotOpen(ENOENT).advice.contains("souk disk create"))
  }
}
