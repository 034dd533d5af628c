import Foundation
import Testing

@testable import SoukKit

@Suite struct DemoCatalogTests {
  private static let folder =
    "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") + "/deploy/demo"

  private func items() throws -> [ImportItem] {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.folder + "/products.jsonl")))
    let rows = try ImportFile.rows(of: bytes, named: "products.jsonl", currency: "EUR")
    #expect(rows.allSatisfy { $0.item != nil })
    return rows.compactMap(\.item)
  }

  @Test func `about forty products, each with a name, words, tags, a price and stock of its own`() throws {
    let items = try items()
    #expect(items.count == 42)
    #expect(Set(items.map(\.sku)).count == items.count && Set(items.map(\.name)).count == items.count)
    #expect(Set(items.map(\.description)).count == items.count)
    for item in items {
      #expect(item.description.count >= 40 && item.description.count <= 300, "\(item.sku)")
      #expect(!item.tags.isEmpty && item.priceMinor > 0 && item.currency == "EUR", "\(item.sku)")
      #expect(item.onHand.map { $0 > 0 } == true, "\(item.sku)")
    }
  }

  @Test func `each product has its own small picture that neither runs nor fetches anything`() throws {
    let items = try items()
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder + "/images")
    #expect(Set(files) == Set(items.map { $0.sku + ".svg" }))
    var pictures: Set<String> = []
    for item in items {
      let found = try #require(Pictures.find(item.pictureNames, in: Self.folder + "/images"))
      #expect(found.mediaType == "image/svg+xml")
      let picture = try String(contentsOfFile: found.path, encoding: .utf8)
      #expect(picture.utf8.count < 4096, "\(item.sku)")
      #expect(picture.contains("viewBox=\"0 0 400 400\""), "\(item.sku)")
      for banned in [
        "<script", "href", "<image", "<style", "foreignObject", "url(http", "onload", "<!ENTITY",
      ] {
        #expect(!picture.contains(banned), "\(item.sku) has \(banned)")
      }
      pictures.insert(picture)
    }
    #expect(pictures.count == items.count)
  }
}
