import JSON
import Testing

@testable import SoukKit

@Suite struct ProductLinesTests {
  private func rows(_ text: String) -> [ImportRow] { ProductLines.rows(of: Array(text.utf8)) }

  private func problem(_ line: String) -> String? {
    if case .problem(let reason) = rows(line).first?.outcome { reason } else { nil }
  }

  private let price = #""price":{"amount":1299,"currency":"EUR"}"#

  @Test func `a product of a shop's own list is an item`() {
    let line =
      #"{"id":"p1","sku":"T-1","name":"Tea","description":"Green.","tags":["tea","green"],\#(price),"#
      + #""available":7,"image":"/api/v1/products/p1/image","updatedAt":"2026-01-01T00:00:00.000Z","version":3}"#
    #expect(
      rows(line).first?.item
        == ImportItem(
          key: "T-1", sku: "T-1", name: "Tea", description: "Green.", tags: ["tea", "green"],
          priceMinor: 1299,
          currency: "EUR", onHand: 7, isStockCounted: false, imageURL: nil, pictureNames: ["T-1"]))
  }

  @Test func `what is optional may be missing or null`() {
    let item = rows(#"{"sku":"T-1","name":"Tea",\#(price),"description":null,"tags":null,"onHand":null}"#)
      .first?.item
    #expect(item?.description == "" && item?.tags == [] && item?.onHand == nil && item?.imageURL == nil)
  }

  @Test func `on hand counts more than available, a key more than the SKU`() {
    let line =
      #"{"sku":"a/b","key":"k","name":"Tea",\#(price),"onHand":5,"available":3,"imageURL":"http://x"}"#
    let item = rows(line).first?.item
    #expect(item?.onHand == 5 && item?.isStockCounted == true)
    #expect(item?.key == "k" && item?.imageURL == "http://x")
    #expect(item?.pictureNames == ["a-b", "k"])
  }

  @Test func `blank lines, CRLF and a byte order mark do no harm`() {
    let line = #"{"sku":"T","name":"Tea",\#(price)}"#
    let rows = rows("\u{FEFF}\(line)\r\n\r\n  \n\(line.replacing("\"T\"", with: "\"U\""))")
    #expect(rows.map(\.number) == [1, 4])
    #expect(rows.compactMap(\.item?.sku) == ["T", "U"])
    #expect(self.rows("").isEmpty)
  }

  @Test func `bad lines say what is wrong`() {
    #expect(problem("{\"sku\":}") == "not JSON: a value was expected at column 8")
    #expect(problem("[1]") == "a line is one JSON object")
    #expect(problem(#"{"name":"Tea",\#(price)}"#) == "\"sku\" must be a string")
    #expect(problem(#"{"sku":1,"name":"Tea",\#(price)}"#) == "\"sku\" must be a string")
    #expect(problem(#"{"sku":"T",\#(price)}"#) == "\"name\" must be a string")
    #expect(problem(#"{"sku":" ","name":"Tea",\#(price)}"#) == "\"sku\" or \"name\" is empty")
    #expect(problem(#"{"sku":"T","name":"Tea","price":12.99}"#)?.hasPrefix("\"price\" must be like") == true)
    #expect(
      problem(#"{"sku":"T","name":"Tea",\#(price),"tags":"x"}"#) == "\"tags\" must be an array of strings")
    #expect(
      problem(#"{"sku":"T","name":"Tea",\#(price),"onHand":1.5}"#) == "the stock must be a whole number")
    let twice = rows("{\"sku\":\"T\",\"name\":\"A\",\(price)}\n{\"sku\":\"T\",\"name\":\"B\",\(price)}")
    #expect(twice[1].outcome == .problem("the same SKU as line 1"))
  }

  @Test func `the ending tells the format, without one the first byte does`() throws {
    let line = Array(#" {"sku":"T","name":"Tea",\#(price)}"#.utf8)
    #expect(try ImportFile.rows(of: line, named: "a.jsonl", currency: "EUR").first?.item != nil)
    #expect(try ImportFile.rows(of: line, named: "a/b.csv/products", currency: "EUR").first?.item != nil)
    #expect(throws: Failure.self) { try ImportFile.rows(of: line, named: "a.csv", currency: "EUR") }
    let csv = Array("Handle,Title,Variant Price\na,A,5\n".utf8)
    #expect(try ImportFile.rows(of: csv, named: "-", currency: "EUR").first?.item?.name == "A")
  }

  @Test func `an item is written as the import takes it`() throws {
    var writer = JSONWriter()
    ImportItem(
      key: "k", sku: "s", name: "n", description: "d", tags: ["t"], priceMinor: 5, currency: "EUR", onHand: 2,
      imageURL: "u", pictureNames: []
    ).write(to: &writer)
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"key":"k","sku":"s","name":"n","description":"d","tags":["t"],"price":{"amount":5,"currency":"EUR"},"#
        + #""onHand":2,"imageURL":"u"}"#)
  }
}
