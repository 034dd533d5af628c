import Bytes
import CatalogAPI
import HTTPCore
import Testing

@testable import Catalog
@testable import Gateway

struct HomePageTests {
  /// The page that a shop with `tagCount` tags answers `query` with, and the number of its chips.
  private func page(_ query: String, tagCount: Int, chosen: [String] = []) -> (byteCount: Int, chipCount: Int)
  {
    let tags = (chosen + (0..<tagCount).map { "tag-\($0)" }).map { TagCount(tag: $0, count: 1) }
    let page = HomePage(
      request: HomePage.Request(Query(query)), found: ProductPage(items: [], next: nil, total: 0), tags: tags
    )
    let bytes = page.page().content.bytes
    let chips = String(decoding: bytes, as: UTF8.self).components(of: "<a class=\"chip\"")
    return (bytes.count, chips.count - 1)
  }

  @Test func `of an address no more is taken than the catalog takes`() {
    #expect(HomePage.Request.maximumTagCount == CatalogLimits.searchTagCount)
    #expect(HomePage.Request.maximumTagLength == CatalogLimits.tagLength)
    #expect(HomePage.Request.maximumSearchLength == CatalogLimits.searchLength)
    #expect(HomePage.Request.maximumCursorLength > CursorCodec.maximumLength)

    let longest = String(repeating: "ä", count: CatalogLimits.tagLength)
    let encoded = PercentCoding.encode(query: longest)
    let request = HomePage.Request(
      Query(
        "tag=b&tag=&tag=\(encoded)x&tag=\(encoded)&tag=+b+&tag=a&cursor="
          + String(repeating: "'", count: 3000))
    )
    #expect(request.tags == ["b", longest, "a"])
    #expect(request.cursor.count == HomePage.Request.maximumCursorLength)
    let most = HomePage.Request(Query((0..<200).map { "tag=t\($0)" }.joined(separator: "&")))
    #expect(most.tags == (0..<CatalogLimits.searchTagCount).map { "t\($0)" })
  }

  @Test func `a page stays small, however long the address and however many tags the shop has`() {
    let plain = page("", tagCount: CatalogLimits.tagListSize)
    #expect((100...300).contains(plain.chipCount) && plain.byteCount < 32_000)
    // 8 KB of one tag, again and again: as if it were asked for once.
    let repeated = Array(repeating: "tag=" + String(repeating: "x", count: 50), count: 150)
    #expect(page(repeated.joined(separator: "&"), tagCount: CatalogLimits.tagListSize).byteCount < 32_000)
    // The most that 8 KB can ask for: four bytes for each character, each of which takes three of the address.
    let chosen = (0..<10).map { String(repeating: "😀", count: CatalogLimits.tagLength - 1) + String($0) }
    let query = "q=" + String(repeating: "%F0%9F%98%80", count: CatalogLimits.searchLength)
    let largest = page(
      query + chosen.map { "&tag=" + PercentCoding.encode(query: $0) }.joined(),
      tagCount: CatalogLimits.tagListSize, chosen: chosen)
    // The chosen ones all show.
    #expect((10...20).contains(largest.chipCount) && largest.byteCount < 256_000)
  }
}
