import Foundation
import JSON
import Testing

@testable import SoukKit

@Suite struct ImporterTests {
  /// A folder for the time of `body`.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "souk-import-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  /// Answers an import as a catalog without problems would.
  private static func created(_ seen: FakeGateway.Seen) -> FakeGateway.Reply {
    guard let items = try? JSON.parse(seen.body)["items"]?.array else { return .status("400 Bad Request") }
    let results = items.indices.map { "{\"index\":\($0),\"result\":\"created\",\"id\":\"id\($0)\"}" }
    return .status("200 OK", "{\"results\":[\(results.joined(separator: ","))]}")
  }

  private func lines(_ count: Int, description: String = "") -> String {
    (0..<count).map {
      #"{"sku":"S\#($0)","name":"N","price":{"amount":1,"currency":"EUR"},"onHand":1,"description":"\#(description)"}"#
    }.joined(separator: "\n")
  }

  @Test func `500 products go in batches of at most 200, in order`() throws {
    try withFolder { (folder) throws in
      try write(lines(500), folder + "/p.jsonl")
      let gateway = try FakeGateway { seen, _ in Self.created(seen) }
      defer { gateway.stop() }
      var told: [ImportProgress] = []
      let report = try Importer().run(
        file: folder + "/p.jsonl", host: "127.0.0.1", port: gateway.port, adminToken: "secret",
        currency: "EUR",
        progress: { told.append($0) })
      #expect(report.rows == 500 && report.created == 500 && report.problems.isEmpty)
      #expect(told.map(\.done) == [0, 200, 400, 500] && told.allSatisfy { $0.total == 500 })
      let bodies = try gateway.seen.map { try JSON.parse($0.body) }
      #expect(bodies.map { $0["items"]?.array?.count } == [200, 200, 100])
      #expect(bodies.allSatisfy { $0["setStock"] == .bool(false) })
      #expect(bodies[2]["items"]?.array?.last?["key"] == .string("S499"))
      #expect(
        gateway.seen.allSatisfy {
          $0.method == "POST" && $0.target == "/api/v1/products:import" && $0.authorization == "Bearer secret"
            && $0.contentType == "application/json"
        })
    }
  }

  @Test func `a batch stays below the catalog's body limit`() throws {
    var rows = ProductLines.rows(
      of: Array(lines(200, description: String(repeating: "x", count: 9_000)).utf8))
    let batches = ImportBatch.batches(of: &rows, setStock: false)
    #expect(batches.count == 2 && batches.map(\.rows.count).reduce(0, +) == 200)
    #expect(batches.allSatisfy { $0.body.count <= 1 << 20 })
  }

  @Test func `an item that no request can hold is a bad row, and the others are imported`() throws {
    try withFolder { (folder) throws in
      let large =
        #"{"sku":"L","name":"N","price":{"amount":1,"currency":"EUR"},"description":""#
        + String(repeating: "x", count: ImportLimits.batchByteCount) + #""}"#
      try write(lines(2) + "\n" + large + "\n", folder + "/p.jsonl")
      let gateway = try FakeGateway { seen, _ in Self.created(seen) }
      defer { gateway.stop() }
      var first: ImportProgress?
      let report = try Importer().run(
        file: folder + "/p.jsonl", host: "127.0.0.1", port: gateway.port, adminToken: "t", currency: "EUR",
        progress: { first = first ?? $0 })
      #expect(report.rows == 3 && report.created == 2)
      #expect(report.problems == [.init(row: 3, reason: "is larger than 960 KiB")])
      #expect(first?.total == 2)
    }
  }

  @Test func `with set-stock, products that tell no stock, or only what is available, keep theirs`() throws {
    let price = #""price":{"amount":1,"currency":"EUR"}"#
    let text =
      lines(3) + "\n" + #"{"sku":"T","name":"N",\#(price)}"# + "\n"
      + #"{"sku":"U","name":"N",\#(price),"available":7}"# + "\n"
    var rows = ProductLines.rows(of: Array(text.utf8))
    let batches = ImportBatch.batches(of: &rows, setStock: true)
    #expect(batches.map(\.rows.count) == [3, 2])
    let bodies = try batches.map { try JSON.parse($0.body) }
    #expect(bodies.map { $0["setStock"] } == [.bool(true), .bool(false)])
    // A new product begins with them.
    #expect(bodies[1]["items"]?.array?.last?["onHand"] == .integer(7))
  }

  @Test func `what the shop answers is reported by row`() throws {
    try withFolder { (folder) throws in
      try write(
        "Handle,Title,Published,Variant Price,Image Src\na,A,true,5,\nb,B,true,x,\nc,C,false,5,\nd,D,true,5,\n"
          + "d,,,,http://x\ne,E,true,5,\nf,F,true,5,\n", folder + "/p.csv")
      let gateway = try FakeGateway { _, _ in
        .status(
          "200 OK",
          #"{"results":[{"index":0,"result":"created","id":"1"},{"index":1,"result":"updated","id":"2"},"#
            + #"{"index":2,"result":"problem","detail":"name is too long"},{"index":3,"result":"unchanged","id":"4"}]}"#
        )
      }
      defer { gateway.stop() }
      let report = try Importer().run(
        file: folder + "/p.csv", host: "127.0.0.1", port: gateway.port, adminToken: "t", currency: "EUR")
      #expect(report.rows == 7 && report.imageRows == 1)
      #expect((report.created, report.updated, report.unchanged) == (1, 1, 1))
      #expect(report.skipped == [.init(row: 4, reason: "not published")])
      #expect(
        report.problems == [
          .init(row: 3, reason: "the price \"x\" is no number: write it like 12.50"),
          .init(row: 7, reason: "name is too long"),
        ])
    }
  }

  @Test func `pictures are found by SKU or Handle and uploaded with their type`() throws {
    try withFolder { (folder) throws in
      try write(
        "Handle,Title,Option1 Value,Variant SKU,Variant Price\na,A,Default Title,S/1,5\nb,B,Red,,5\nc,C,,,5\nd,D,,,5\n",
        folder + "/p.csv")
      for name in ["S-1.svg", "S-1.png", "b-Red.jpg", "c.webp"] { try write(name, folder + "/" + name) }
      let gateway = try FakeGateway { seen, _ in
        if seen.method == "POST" { return Self.created(seen) }
        return seen.target.contains("id2")
          ? .status("415 X", #"{"detail":"not a picture"}"#) : .status("204 No Content")
      }
      defer { gateway.stop() }
      let report = try Importer().run(
        file: folder + "/p.csv", host: "127.0.0.1", port: gateway.port, adminToken: "t", currency: "EUR",
        imagesDirectory: folder)
      #expect(report.pictures == 2)
      #expect(report.problems.count == 1 && report.problems[0].row == 4)
      #expect(report.problems[0].reason.hasSuffix("c.webp was refused: not a picture"))
      let uploads = gateway.seen.filter { $0.method == "PUT" }
      #expect(uploads.map(\.target) == (0..<3).map { "/api/v1/products/id\($0)/image" })
      #expect(uploads.map(\.contentType) == ["image/svg+xml", "image/jpeg", "image/webp"])
      #expect(uploads.map { String(decoding: $0.body, as: UTF8.self) } == ["S-1.svg", "b-Red.jpg", "c.webp"])
      #expect(uploads.allSatisfy { $0.authorization == "Bearer t" })
    }
  }

  @Test func `a shop that is not there for the moment is asked again`() throws {
    try withFolder { (folder) throws in
      try write(lines(1), folder + "/p.jsonl")
      let gateway = try FakeGateway { seen, number in
        switch number {
        case 0: .status("503 Service Unavailable", "", "retry-after: 2\r\n")
        case 1: .last("")
        default: Self.created(seen)
        }
      }
      defer { gateway.stop() }
      // The importer calls from this thread alone.
      nonisolated(unsafe) var pauses: [Int] = []
      let importer = Importer(pause: { pauses.append($0) })
      let report = try importer.run(
        file: folder + "/p.jsonl", host: "127.0.0.1", port: gateway.port, adminToken: "t", currency: "EUR")
      #expect(report.created == 1 && pauses == [2] && gateway.seen.count == 3)
    }
  }

  @Test func `a shop that stays silent ends the import in words`() throws {
    try withFolder { (folder) throws in
      try write(lines(1), folder + "/p.jsonl")
      let gateway = try FakeGateway { _, _ in .status("504 X", #"{"detail":"late"}"#) }
      defer { gateway.stop() }
      // The importer calls from this thread alone.
      nonisolated(unsafe) var pauses: [Int] = []
      do throws(Failure) {
        _ = try Importer(pause: { pauses.append($0) }).run(
          file: folder + "/p.jsonl", host: "127.0.0.1", port: gateway.port, adminToken: "t", currency: "EUR")
        Issue.record("an import")
      } catch {
        #expect(error.message.contains("does not answer (late): see `souk status`"))
      }
      #expect(pauses == [1, 2, 4, 8])
    }
  }

  @Test func `a wrong token, a missing file and a file of another kind end the import in words`() throws {
    try withFolder { (folder) throws in
      let gateway = try FakeGateway { _, _ in .status("401 Unauthorized") }
      defer { gateway.stop() }
      func failure(_ file: String, images: String? = nil) -> String? {
        do throws(Failure) {
          _ = try Importer().run(
            file: folder + "/" + file, host: "127.0.0.1", port: gateway.port, adminToken: "t",
            currency: "EUR",
            imagesDirectory: images)
          return nil
        } catch {
          return error.message
        }
      }
      try write(lines(1), folder + "/p.jsonl")
      try write("a,b\n1,2\n", folder + "/p.csv")
      #expect(failure("p.jsonl") == "the shop does not take the admin token: use the one in its data folder")
      #expect(failure("missing.csv")?.hasSuffix("missing.csv: No such file or directory") == true)
      #expect(failure("p.csv")?.hasSuffix("its header has no column \"handle\"") == true)
      #expect(failure("p.jsonl", images: folder + "/none")?.contains("is no folder") == true)
    }
  }

  @Test func `an empty shop is told from one with products`() throws {
    let gateway = try FakeGateway { _, number in
      .status("200 OK", "{\"items\":[],\"next\":null,\"total\":\(number)}")
    }
    defer { gateway.stop() }
    #expect(try Importer().isShopEmpty(host: "127.0.0.1", port: gateway.port))
    #expect(try !Importer().isShopEmpty(host: "127.0.0.1", port: gateway.port))
  }
}
