import Foundation
import Testing

@testable import SoukKit

/// A service's folder, and transfers that copy bytes and can be told to fail.
private final class Place {
  let folder: DataFolder
  let place: DatabasePlace
  var fails = false

  init() throws {
    var template = Array("/tmp/souk-place-XXXXXX".utf8CString)
    mkdtemp(&template)
    folder = DataFolder(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    try folder.prepare()
    place = DatabasePlace("cart", in: folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder.path) }

  func write(_ text: String, _ path: String) throws {
    try Files.write(Array(text.utf8), to: path, mode: 0o600)
  }

  /// What the databases' folder holds.
  var content: [String: String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.databases)) ?? []
    return Dictionary(uniqueKeysWithValues: names.map { ($0, Files.text(folder.databases + "/" + $0) ?? "") })
  }

  func prepare(_ target: Target) throws(Failure) -> String? {
    func copy(_ from: String, _ to: String, _ mark: String) throws(Failure) {
      try Files.write(Array((mark + (Files.text(from) ?? "")).utf8), to: to, mode: 0o600)
      if fails { throw Failure("the copy differs") }
    }
    return try place.prepare(
      for: target,
      .init(
        fileToDisk: { (file, disk, _) throws(Failure) in try copy(file, disk, "d") },
        diskToFile: { (disk, file, _) throws(Failure) in try copy(disk, file, "f") },
        makeDisk: { [self] (disk, service) throws(Failure) in
          try Files.write(Array((fails ? "half" : "empty \(service)").utf8), to: disk, mode: 0o600)
          if fails { throw Failure("killed") }
        }))
  }
}

@Suite struct DatabasePlaceTests {
  @Test func `a new shop has an empty disk, or lets its process make the file`() throws {
    let place = try Place()
    #expect(try place.prepare(.process) == nil)
    #expect(place.content == [:])
    #expect(try place.prepare(.qemu) == nil)
    #expect(place.content == ["cart.disk": "empty cart"])
    #expect(try place.prepare(.qemu) == nil)
  }

  @Test func `a new disk that was not finished is begun anew`() throws {
    let place = try Place()
    place.fails = true
    #expect(throws: Failure("killed")) { try place.prepare(.qemu) }
    place.fails = false
    #expect(try place.prepare(.qemu) == nil)
    #expect(place.content == ["cart.disk": "empty cart"])
  }

  @Test func `another target takes the database over, there and back, and says so`() throws {
    let place = try Place()
    try place.write("x", place.place.file)
    try place.write("old", place.place.file + "-wal")
    let there = try #require(try place.prepare(.qemu))
    #expect(there.contains("cart.sqlite") && there.contains("cart.disk") && there.contains("verified"))
    #expect(place.content == ["cart.disk": "dx"])
    #expect(try place.prepare(.process) != nil)
    #expect(place.content == ["cart.sqlite": "fdx"])
    #expect(try place.prepare(.process) == nil)
  }

  @Test func `a copy that cannot be verified leaves the source as it was`() throws {
    let place = try Place()
    try place.write("x", place.place.file)
    place.fails = true
    #expect(throws: Failure("the copy differs")) { try place.prepare(.qemu) }
    place.fails = false
    #expect(place.content["cart.sqlite"] == "x" && place.content["cart.disk"] == nil)
    #expect(try place.prepare(.process) == nil)
    #expect(place.content == ["cart.sqlite": "x"])
  }

  @Test func `a move that was cut off before the source went is begun anew`() throws {
    let place = try Place()
    try place.write("x", place.place.file)
    try place.write("half", place.place.disk + ".moving")
    #expect(try place.prepare(.qemu) != nil)
    #expect(place.content == ["cart.disk": "dx"])
  }

  @Test func `a log whose database has gone is not taken for the next one's`() throws {
    let place = try Place()
    try place.write("x", place.place.disk + ".moving")
    try place.write("old", place.place.file + "-wal")
    #expect(try place.prepare(.qemu) == nil)
    #expect(place.content == ["cart.disk": "x"])
    try place.write("old", place.place.file + "-wal")
    #expect(try place.prepare(.process) != nil)
    #expect(place.content == ["cart.sqlite": "fx"])
  }

  @Test(arguments: [Target.process, .qemu])
  func `a move that was cut off after the source went is finished`(_ target: Target) throws {
    let place = try Place()
    try place.write("x", place.place.disk + ".moving")
    _ = try place.prepare(target)
    #expect(place.content == (target == .qemu ? ["cart.disk": "x"] : ["cart.sqlite": "fx"]))
  }

  @Test func `two live copies are refused in one line that names both`() throws {
    let place = try Place()
    try place.write("x", place.place.file)
    try place.write("y", place.place.disk)
    for target in [Target.process, .qemu] {
      let failure = #expect(throws: Failure.self) { try place.prepare(target) }
      #expect(failure?.message.contains("cart.sqlite") ?? false)
      #expect(failure?.message.contains("cart.disk") ?? false)
      #expect(failure?.message.contains("\n") == false)
    }
    #expect(place.content == ["cart.sqlite": "x", "cart.disk": "y"])
  }
}
