import CSQLite
import Disk
import Foundation
import Machine
import Platform
import Testing

@testable import SoukKit

/// A folder that goes when the test does.
private final class Folder {
  let path = FileManager.default.temporaryDirectory.path + "/souk-disk-\(UUID().uuidString)"
  init() { try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func callAsFunction(_ name: String) -> String { path + "/" + name }
}

@Suite struct DiskImageTests {
  private let folder = Folder()

  /// A database file with `rows` rows, in write-ahead mode with its log beside it where `withLog` says so.
  private func makeDatabase(_ name: String, rows: Int, withLog: Bool = false) throws -> String {
    let file = try SQLiteFile(creating: folder(name + ".tmp"))
    _ = try file.rows("PRAGMA journal_mode = WAL")
    _ = try file.rows("PRAGMA user_version = 7")
    _ = try file.rows("CREATE TABLE t (x TEXT)")
    for row in 0..<rows { _ = try file.rows("INSERT INTO t VALUES ('row \(row)' || hex(zeroblob(500)))") }
    // As they are now: nothing was moved out of the log yet.
    for suffix in withLog ? ["", "-wal"] : [""] {
      if !withLog { _ = try file.rows("PRAGMA wal_checkpoint(TRUNCATE)") }
      try FileManager.default.copyItem(atPath: folder(name + ".tmp") + suffix, toPath: folder(name) + suffix)
    }
    return folder(name)
  }

  private func rowCount(_ path: String) throws -> String? {
    try SQLiteFile(reading: path).rows("SELECT count(*) FROM t").first
  }

  private func message(_ body: () throws(Failure) -> Void) -> String? {
    do throws(Failure) {
      try body()
      return nil
    } catch {
      return error.message
    }
  }

  @Test(arguments: [false, true]) func `a database goes onto a disk and comes back`(withLog: Bool) throws {
    let source = try makeDatabase("shop.sqlite", rows: 300, withLog: withLog)
    let before = [source, source + "-wal"].map { Files.read($0) }
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "catalog", byteCount: 4 << 20, force: false)
    try DiskImage.import(source, to: disk, force: false)
    #expect([source, source + "-wal"].map { Files.read($0) } == before)

    let image = Files.read(disk)
    let report = try DiskReport(disk)
    #expect(report.service == "catalog" && report.database?.version == 7 && report.isSound)
    #expect(report.bytes == 4 << 20 && report.id.count == 32 && !report.hasDamagedSuperblock)
    try DiskImage.export(disk, to: folder("b.sqlite"), force: false)
    #expect(try rowCount(folder("b.sqlite")) == "300")
    // Neither looking nor copying has changed the disk.
    #expect(Files.read(disk) == image)
    for path in [disk, folder("b.sqlite")] {
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
  }

  @Test func `nothing is replaced without --force`() throws {
    let source = try makeDatabase("shop.sqlite", rows: 3)
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 2 << 20, force: false)
    try DiskImage.import(source, to: disk, force: false)
    let other = try makeDatabase("other.sqlite", rows: 5)
    let create = { () throws(Failure) in
      _ = try DiskImage.create(disk, service: "cart", byteCount: nil, force: false)
    }
    #expect(message(create)?.contains("--force") == true)
    #expect(
      message { () throws(Failure) in try DiskImage.import(other, to: disk, force: false) }?
        .contains("--force") == true)
    #expect(
      message { () throws(Failure) in try DiskImage.export(disk, to: other, force: false) }?
        .contains("--force") == true)
    try DiskImage.import(other, to: disk, force: true)
    try DiskImage.export(disk, to: source, force: true)
    #expect(try rowCount(source) == "5")
    try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: true)
    #expect(try DiskReport(disk).database == nil && DiskReport(disk).bytes == 1 << 20)
  }

  @Test func `a database that finds no room changes nothing`() throws {
    let small = try makeDatabase("small.sqlite", rows: 10)
    let large = try makeDatabase("large.sqlite", rows: 900)
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: false)
    try DiskImage.import(small, to: disk, force: false)
    let image = Files.read(disk)
    #expect(
      message { () throws(Failure) in try DiskImage.import(large, to: disk, force: true) }?
        .contains("no room") == true)
    #expect(try DiskReport(disk).isSound)
    #expect(Files.read(disk)?.prefix(262_144) == image?.prefix(262_144))
  }

  @Test func `a disk that a shop holds is left alone`() throws {
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: false)
    let shop = try FileBlockDevice(path: disk)
    defer { withExtendedLifetime(shop) {} }
    let held = "another process uses this disk"
    #expect(message { () throws(Failure) in _ = try DiskReport(disk) }?.contains(held) == true)
    #expect(
      message { () throws(Failure) in try DiskImage.export(disk, to: disk + ".out", force: false) }?
        .contains(held) == true)
    #expect(
      message { () throws(Failure) in try DiskImage.import(disk, to: disk, force: true) }?
        .contains(held) == true)
    let create = { () throws(Failure) in
      _ = try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: true)
    }
    #expect(message(create)?.contains(held) == true)
  }

  @Test func `what is no disk and no database is said in words`() throws {
    #expect(message { () throws(Failure) in _ = try DiskReport(folder("none")) }?.contains("create") == true)
    #expect(message { () throws(Failure) in _ = try DiskReport("/") }?.contains("neither a file") == true)
    let zeros = folder("zeros")
    try Data(count: 2 << 20).write(to: URL(fileURLWithPath: zeros))
    #expect(message { () throws(Failure) in _ = try DiskReport(zeros) }?.contains("blank") == true)
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: false)
    #expect(
      message { () throws(Failure) in try DiskImage.export(disk, to: folder("x"), force: false) }?
        .contains("no database yet") == true)
    #expect(
      message { () throws(Failure) in try DiskImage.import(zeros, to: disk, force: false) }?
        .contains("not a database") == true)
    #expect(
      message { () throws(Failure) in try DiskImage.import(folder("none"), to: disk, force: false) }?
        .contains("no file") == true)
  }

  @Test func `a disk behind a loop device is known to be in use`() throws {
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 1 << 20, force: false)
    let system = folder("block")
    for (name, file) in [("loop0", "/elsewhere"), ("loop1", disk), ("sda", disk)] {
      try FileManager.default.createDirectory(
        atPath: "\(system)/\(name)/loop", withIntermediateDirectories: true)
      try Files.write(Array("\(file)\n".utf8), to: "\(system)/\(name)/loop/backing_file", mode: 0o600)
    }
    #expect(DiskImage.loopDevice(of: disk, in: system) == "loop1")
    #expect(DiskImage.loopDevice(of: folder("block"), in: system) == nil)
    #expect(DiskImage.loopDevice(of: folder("none"), in: system) == nil)
    #expect(DiskImage.loopDevice(of: disk) == nil)
  }

  @Test func `a damaged database is found and not copied`() throws {
    let source = try makeDatabase("shop.sqlite", rows: 300)
    let disk = folder("a.disk")
    try DiskImage.create(disk, service: "cart", byteCount: 2 << 20, force: false)
    try DiskImage.import(source, to: disk, force: false)
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: disk))
    try file.seek(toOffset: UInt64(262_144 + 20 * 4096))
    try file.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    try file.close()
    #expect(try !DiskReport(disk).isSound)
    #expect(
      message { () throws(Failure) in try DiskImage.export(disk, to: folder("x"), force: false) }?
        .contains("damaged") == true)
    #expect(!Files.exists(folder("x")) && !Files.exists(folder("x.partial")))
  }

  @Test(arguments: [("64M", 64 << 20), ("4096", 4096), ("2g", 2 << 30), ("8k", 8192)])
  func `sizes are numbers of bytes, K, M or G`(text: String, byteCount: Int) {
    #expect(ByteSize(argument: text)?.byteCount == byteCount)
  }

  @Test(arguments: ["", "M", "-1M", "0", "1T", "1.5M", "99999999999G"])
  func `what is no size is refused`(text: String) {
    #expect(ByteSize(argument: text) == nil)
  }
}
