import Testing

@testable import SoukKit

@Suite struct ShopifyCatalogTests {
  private static let header =
    "Handle,Title,Body (HTML),Tags,Published,Option1 Value,Option2 Value,Variant SKU,"
    + "Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src,Variant Image\n"

  private func rows(_ body: String, currency: String = "EUR") throws -> [ImportRow] {
    try ShopifyCatalog.rows(of: Array((Self.header + body).utf8), currency: currency)
  }

  @Test func `a product without variants keeps its name`() throws {
    let row = try #require(
      try rows(
        "shirt,Blue Shirt,<p>Soft &amp; blue</p>,\"men, Sale,men\",true,Default Title,,,,3,50,http://x/a.jpg,\n"
      )
      .first)
    #expect(row.number == 2)
    #expect(
      row.item
        == ImportItem(
          key: "shirt/Default Title", sku: "shirt", name: "Blue Shirt", description: "Soft & blue",
          tags: ["men", "Sale"], priceMinor: 5000, currency: "EUR", onHand: 3, imageURL: "http://x/a.jpg",
          pictureNames: ["shirt", "shirt-Default Title"]))
  }

  @Test func `each variant is a product with its options in its name`() throws {
    let items = try rows(
      """
      top,Top,Text,women,true,Small,Red,,,1,60,http://x/1.jpg,
      top,,,,,Medium,Red,TOP-M,shopify,2,61,,http://x/2.jpg
      top,,,,,Large,Default Title,,,,62.5,,

      """
    ).map(\.item)
    #expect(items.map(\.?.name) == ["Top, Small, Red", "Top, Medium, Red", "Top, Large"])
    #expect(items.map(\.?.key) == ["top/Small/Red", "TOP-M", "top/Large/Default Title"])
    #expect(items.map(\.?.sku) == ["top/Small/Red", "TOP-M", "top/Large"])
    #expect(items.map(\.?.priceMinor) == [6000, 6100, 6250])
    #expect(items.map(\.?.onHand) == [1, 2, 0])
    #expect(items.map(\.?.imageURL) == ["http://x/1.jpg", "http://x/2.jpg", "http://x/1.jpg"])
    #expect(items.map(\.?.description) == ["Text", "Text", "Text"])
    #expect(items.map(\.?.tags) == [["women"], ["women"], ["women"]])
    #expect(items[1]?.pictureNames == ["TOP-M", "top"])
  }

  @Test func `rows without a price only add images`() throws {
    let rows = try rows("a,A,,,true,Default Title,,,,1,5,,\na,,,,,,,,,,,http://x/2.jpg,\na,,,,,,,,,,,,\n")
    #expect(rows[0].item?.imageURL == "http://x/2.jpg")
    #expect(rows[1].outcome == .image(handle: "a"))
    #expect(rows[2].outcome == .skipped("neither a price nor an image"))
  }

  @Test func `what is not published is skipped with all its variants`() throws {
    let rows = try rows("a,A,,,FALSE,S,,,,1,5,,\na,,,,,M,,,,1,5,,\nb,B,,,true,,,,,1,5,,\nc,C,,,,,,,,1,5,,\n")
    #expect(rows[0].outcome == .skipped("not published"))
    #expect(rows[1].outcome == .skipped("not published"))
    #expect(rows[2].item?.name == "B" && rows[3].item?.name == "C")
  }

  @Test func `a draft is skipped`() throws {
    let text = "Handle,Title,Variant Price,Status\na,A,5,draft\nb,B,5,active\nc,C,5,Archived\n"
    let rows = try ShopifyCatalog.rows(of: Array(text.utf8), currency: "EUR")
    #expect(rows[0].outcome == .skipped("its status is draft"))
    #expect(rows[1].item?.key == "b")
    #expect(rows[2].outcome == .skipped("its status is archived"))
  }

  @Test func `an empty inventory tracker still means the quantity column`() throws {
    let items = try rows("a,A,,,,,,,,7,5,,\nb,B,,,,,,,shopify,8,5,,\nc,C,,,,,,,,-3,5,,\n").map(\.item)
    #expect(items.map(\.?.onHand) == [7, 8, 0])
  }

  @Test func `bad rows are reported by number and good ones stay`() throws {
    let rows = try rows(
      """
      a,A,,,,,,,,1,cheap,,
      b,B,,,,,,,,some,5,,
      ,C,,,,,,,,1,5,,
      d,,,,,,,,,1,5,,
      e,E,,,,,,,,1,5
      f,F,"x"y,,,,,,,1,5,,
      g,G,,,,,,SAME,,1,5,,
      h,H,,,,,,SAME,,1,5,,
      g,,,,,,,,,1,5,,
      g,,,,,,,,,1,5,,
      i,I,,,,,,,,1,5.999,,
      z,Z,,,,,,,,1,5,,

      """)
    #expect(rows.map(\.number) == Array(2...13))
    #expect(
      rows.map(\.outcome).compactMap { if case .problem(let reason) = $0 { reason } else { nil } } == [
        "the price \"cheap\" is no number: write it like 12.50", "the quantity \"some\" is no whole number",
        "no Handle", "no Title in any row of \"d\"", "11 fields where the header has 13",
        "text follows a closing quote: quotes inside a field are doubled", "the same SKU \"SAME\" as row 8",
        "the same Handle and options as row 10", "the price \"5.999\" has more decimals than the currency",
      ])
    #expect(rows.compactMap(\.item?.key) == ["SAME", "g", "z"])
  }

  @Test func `text with commas, quotes and line breaks survives`() throws {
    let body =
      "\u{FEFF}" + Self.header.dropLast()
      + "\r\na,\"A \"\"big\"\", red one\",\"<p>x,\r\ny</p>\r\n<p>z</p>\",,,,,,,1,5,,\r\n"
    let row = try #require(try ShopifyCatalog.rows(of: Array(body.utf8), currency: "EUR").first)
    #expect(row.item?.name == "A \"big\", red one")
    #expect(row.item?.description == "x, y\n\nz")
  }

  @Test func `the names of the newer template are known`() throws {
    let text =
      "Title,URL handle,Description,Published on online store,Status,SKU,Option1 value,Price,Inventory quantity,"
      + "Product image URL,Variant image URL\nA,a,<b>x</b>,true,active,S1,Default Title,12,4,http://x/1,\n"
    let row = try #require(try ShopifyCatalog.rows(of: Array(text.utf8), currency: "JPY").first)
    #expect(
      row.item
        == ImportItem(
          key: "S1", sku: "S1", name: "A", description: "x", tags: [], priceMinor: 12, currency: "JPY",
          onHand: 4,
          imageURL: "http://x/1", pictureNames: ["S1", "a"]))
  }

  @Test(arguments: ["", "a,b,c\n1,2,3\n", "Handle,Title\na,b\n", "<!DOCTYPE html>", "\"Handle"])
  func `a file that is no product CSV is refused as a whole`(_ text: String) {
    #expect(throws: Failure.self) { try ShopifyCatalog.rows(of: Array(text.utf8), currency: "EUR") }
  }

  @Test(.enabled(if: SharedData.mayRun, SharedData.absent))
  func `Shopify's apparel file is read whole`() throws {
    let rows = try ImportFile.rows(of: SharedData.bytes("apparel.csv"), named: "apparel.csv", currency: "EUR")
    let items = rows.compactMap(\.item)
    #expect(rows.count == 22 && items.count == 22)
    #expect(items[0].name == "Ocean Blue Shirt" && items[0].priceMinor == 5000 && items[0].onHand == 1)
    #expect(
      items[0].description.hasPrefix("Ocean blue cotton shirt") && items[0].description.hasSuffix("patterns.")
    )
    #expect(items.map(\.name).contains("Classic Varsity Top, Medium"))
    #expect(Set(items.map(\.key)).count == 22 && Set(items.map(\.sku)).count == 22)
    #expect(items.allSatisfy { $0.imageURL?.hasPrefix("https://burst.shopifycdn.com/") == true })
  }

  @Test(.enabled(if: SharedData.mayRun, SharedData.absent))
  func `Shopify's home and garden file is read whole`() throws {
    let rows = try ImportFile.rows(
      of: SharedData.bytes("home-and-garden.csv"), named: "x.csv", currency: "EUR")
    let items = rows.compactMap(\.item)
    #expect(rows.count == 21 && items.count == 21)
    #expect(items[1].name == "Clay Plant Pot, Large" && items[1].priceMinor == 1599 && items[1].onHand == 3)
    #expect(
      items[1].description == "Classic blown clay pot for plants" && items[1].tags == ["Pot", "Plants"])
    #expect(items.allSatisfy { !$0.description.contains("<") })
  }
}
