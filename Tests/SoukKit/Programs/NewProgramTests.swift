import Foundation
import Testing

@testable import SoukKit

@Suite struct ProgramNameTests {
  @Test(arguments: ["a", "greeter", "my-shop-2", "x1"])
  func `a name of letters, digits and single hyphens is good`(name: String) {
    #expect(ProgramName.objection(name) == nil)
  }

  @Test(arguments: [
    "", "-", "1st", "-a", "a-", "a--b", "Greeter", "my_app", "my app", "a/b", "..", "a.b", "grüße", "a\n",
    "--at",
  ])
  func `any other name is refused in words`(name: String) throws {
    #expect(try #require(ProgramName.objection(name)).contains("cannot be a program's name"))
  }

  @Test func `a name has a longest length`() throws {
    let longest = String(repeating: "a", count: ProgramName.maximumByteCount)
    #expect(ProgramName.objection(longest) == nil)
    #expect(try #require(ProgramName.objection(longest + "a")).contains("too long"))
  }

  @Test func `names that Souk's own programs have are taken`() throws {
    for name in ServiceKind.allCases.map(\.rawValue) + ["souk", "hello", "boot"] {
      #expect(try #require(ProgramName.objection(name)).contains("Souk's own"), "\(name)")
    }
  }

  @Test func `every program of Souk's own manifest is among the reserved names`() throws {
    let manifest = try #require(Files.text(Checkout.root + "/Package.swift"))
    let names = manifest.matches(of: /\.executable(?:Target)?\(\s*name: "([a-z0-9-]+)"/).map { String($0.1) }
    #expect(names.count >= 8)
    for name in names { #expect(ProgramName.reserved.contains(name), "\(name)") }
  }

  @Test(arguments: ["main", "class", "in", "self"])
  func `words of Swift's own are no names`(name: String) throws {
    #expect(try #require(ProgramName.objection(name)).contains("word of Swift's own"))
  }
}

@Suite struct NewProgramTests {
  /// A folder for one test.
  private final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/souk-new-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var content: [String] { FileManager.default.subpaths(atPath: path)?.sorted() ?? [] }
  }

  private let program = NewProgram(name: "greeter", souk: "/opt/souk")

  @Test func `a folder that is not there is made, with the files of a package`() throws {
    let folder = try Folder()
    try program.write(to: folder.path + "/greeter")
    #expect(
      folder.content == [
        "greeter", "greeter/.gitignore", "greeter/Package.swift", "greeter/README.md", "greeter/Sources",
        "greeter/Sources/greeter", "greeter/Sources/greeter/Main.swift",
      ])
  }

  @Test func `an empty folder is taken`() throws {
    let folder = try Folder()
    try program.write(to: folder.path)
    #expect(folder.content.contains("Package.swift"))
  }

  @Test func `a folder with anything in it is refused and left as it is`() throws {
    let folder = try Folder()
    try Files.write([], to: folder.path + "/.hidden", mode: 0o644)
    let failure = #expect(throws: Failure.self) { try program.write(to: folder.path) }
    #expect(try #require(failure).message.contains("is not empty, and nothing was written"))
    #expect(folder.content == [".hidden"])
  }

  @Test func `a program that is there already is not written over`() throws {
    let folder = try Folder()
    try program.write(to: folder.path)
    #expect(throws: Failure.self) { try program.write(to: folder.path) }
  }

  @Test func `a file of that name is refused`() throws {
    let folder = try Folder()
    try Files.write([1], to: folder.path + "/greeter", mode: 0o644)
    let failure = #expect(throws: Failure.self) { try program.write(to: folder.path + "/greeter") }
    #expect(try #require(failure).message.contains("is no folder"))
    #expect(Files.read(folder.path + "/greeter") == [1])
  }

  @Test func `a folder in one that is not there is refused`() throws {
    let folder = try Folder()
    let failure = #expect(throws: Failure.self) { try program.write(to: folder.path + "/nowhere/greeter") }
    #expect(try #require(failure).message.contains("cannot make"))
  }

  @Test func `the manifest depends on this checkout, and the front door knows it by that`() throws {
    let manifest = try #require(program.files.first { $0.path == "Package.swift" }).text
    #expect(manifest.hasPrefix("// swift-tools-version: 6.2\n"))
    #expect(manifest.contains(#".package(name: "Souk", path: "/opt/souk")"#))
    let frontDoor = try #require(Files.text(Checkout.root + "/souk"))
    #expect(frontDoor.contains(#"grep -q 'product(name: "Souk"'"#))
    #expect(manifest.contains(#"product(name: "Souk""#))
  }

  @Test func `the program says its own name and fits on a page`() throws {
    let main = try #require(program.files.first { $0.path == "Sources/greeter/Main.swift" }).text
    #expect(main.contains(#"Program.serve("greeter")"#))
    #expect(main.contains(#"hello from greeter\n""#))
    #expect(main.split(separator: "\n", omittingEmptySubsequences: false).count <= 20)
  }

  @Test func `a checkout's path may have spaces and quotes`() {
    let odd = NewProgram(name: "greeter", souk: #"/o "d\d/it's"#)
    #expect(odd.files[0].text.contains(#"path: "/o \"d\\d/it's""#))
    #expect(odd.command == #"'/o "d\d/it'\''s/souk'"#)
    #expect(program.command == "/opt/souk/souk")
  }
}
