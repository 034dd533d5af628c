import JSON
import Testing

@testable import SoukKit

/// Real product files that are not part of the project. Without them these tests are skipped; in CI they fail.
enum SharedData {
  static let folder = Checkout.root + "/../shared/data"
  static var isThere: Bool { Files.exists(folder + "/apparel.csv") }
}

extension EndToEnd {
  @Suite(.oneShop) struct Imports {
    let shop: TestShop

    init() throws { shop = try theShop() }

    private func importFile(_ path: String, _ options: [String] = []) throws -> JSON {
      let answer = try CommandLineTool.run(["import", path, "--json", "--data", shop.folder] + options)
      try #require(answer.exitCode == 0 || answer.exitCode == 2, "\(answer.errors)")
      return try JSON.parse(Array(answer.output.utf8))
    }

    @Test(
      .enabled(
        if: SharedData.isThere || FrontDoor.isCI,
        "real product files are not in ../shared/data, so importing them was not tested"),
      arguments: [("apparel.csv", "Ocean Blue Shirt"), ("home-and-garden.csv", "Clay Plant Pot")])
    func `a real product file is imported, twice, and sold from`(_ file: String, _ name: String) throws {
      try #require(SharedData.isThere, "CI needs \(SharedData.folder)")
      let path = SharedData.folder + "/" + file
      let first = try importFile(path)
      let created = try #require(first["created"]?.integer)
      #expect(created > 0)
      #expect(first["updated"]?.integer == 0)
      #expect(first["problems"]?.array?.isEmpty == true, "\(first)")
      let found = try shop.client.get(
        "/api/v1/products?q=" + name.split(separator: " ").joined(separator: "+"))
      let product = try #require(
        found.json["items"]?.array?.first { $0["name"]?.string?.hasPrefix(name) == true })
      let id = try #require(product["id"]?.string)
      let before = try shop.available(id)
      try #require(before > 0)
      let buyer = try Buyer(shop)
      try buyer.put(id, 1)
      #expect(try buyer.buy().status == 201)

      let second = try importFile(path)
      #expect(second["created"]?.integer == 0)
      #expect(second["unchanged"]?.integer == created)
      #expect(try shop.available(id) == before - 1)
      _ = try importFile(path, ["--set-stock"])
      #expect(try shop.available(id) == before)
    }

    @Test func `rows that are wrong are named, and the others imported`() throws {
      let folder = try TemporaryFolder()
      let file = folder.path + "/products.jsonl"
      let lines = [
        #"{"sku":"IMPORT-1","name":"Good Globe","price":{"amount":100,"currency":"EUR"},"onHand":2}"#,
        #"{"sku":"IMPORT-2","name":"","price":{"amount":-1,"currency":"EUR"}}"#,
        "not JSON",
        #"{"sku":"IMPORT-3","name":"Fine Fork","price":{"amount":300,"currency":"EUR"},"onHand":1}"#,
      ]
      try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: file, mode: 0o600)
      let report = try importFile(file)
      #expect(report["created"]?.integer == 2)
      #expect(report["problems"]?.array?.count == 2)
      let words = try CommandLineTool.run(["import", file, "--data", shop.folder])
      #expect(words.exitCode == 2)
      #expect(words.output.contains("2 unchanged"))
      #expect(words.output.contains("row 2 not imported:"))
    }

    @Test func `a file that is not there is named`() throws {
      let answer = try CommandLineTool.run(["import", "/nowhere/x.csv", "--data", shop.folder])
      #expect(answer.exitCode == 1)
      #expect(answer.errors.contains("/nowhere/x.csv"))
    }

    @Test func `without a shop the import says how to start one`() throws {
      let folder = try TemporaryFolder()
      let answer = try CommandLineTool.run(["import", "x.csv", "--data", folder.path])
      #expect(answer.exitCode == ExitCode.notRunning)
      #expect(answer.errors.contains("souk up --detach --data \(folder.path)"))
    }
  }
}
