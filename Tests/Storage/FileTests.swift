import Foundation
import Testing

@testable import Storage

/// What only a file can be.
@Suite struct FileTests {
  let bench = Bench(.file)

  @Test func `a file that is something else is refused and left alone`() throws {
    let text = Data(String(repeating: "Handle,Title,Body\n", count: 500).utf8)
    try text.write(to: URL(fileURLWithPath: bench.path))
    #expect(bench.open().failure == .notADatabase)
    #expect(try Data(contentsOf: URL(fileURLWithPath: bench.path)) == text)
  }

  @Test(arguments: [false, true]) func `a damaged file is refused`(truncated: Bool) throws {
    let database = try bench.open().get()
    for batch in 0..<10 {
      let slots = (0..<100).map { bench.insert("a longer name, number \(batch) \($0)", into: database) }
      bench.finish()
      #expect(slots.allSatisfy { $0.value?.failure == nil })
    }
    bench.close(database)
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: bench.path))
    let size = try file.seekToEnd()
    #expect(size > 40_000)
    if truncated {
      try file.truncate(atOffset: size / 2 / 4096 * 4096)
    } else {
      try file.seek(toOffset: size / 2 / 4096 * 4096)
      try file.write(contentsOf: Data(repeating: 0xA5, count: 4096))
    }
    try file.close()
    let error = bench.open().failure
    #expect(error == .corrupt)
    #expect(error?.advice.contains("backup") == true)
  }

  @Test func `a second opener is told that the database is in use`() throws {
    let database = try bench.open().get()
    #expect(bench.open().failure == .locked)
    _ = bench.insert("a", into: database)
    bench.finish()
    #expect(bench.names(database) == ["a"])
    bench.close(database)
    let again = try bench.open().get()
    bench.close(again)
  }

  @Test func `a folder that is not there is named as such`() {
    #expect(bench.open("/nonexistent/folder/shop.db").failure == .cannotOpen)
  }
}
