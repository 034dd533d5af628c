import Bytes
import HTTPCore
import MachineTesting
import Testing

@testable import Gateway

/// Requests for pages as other software may send them, and as nobody means well by.
struct VisitTests {
  @Test func `an address that the catalog cannot be asked for is no fault of the shop's`() {
    let quotes = String(repeating: "'", count: 3000)
    // Shorter than 8 KB as it comes, and longer with its quotes encoded: the catalog's server answers 414.
    let longTags = (0..<13).map {
      "&tag=" + String(repeating: "%F0%9F%98%80", count: 49) + String(UnicodeScalar(UInt8(ascii: "a") + $0))
    }
    let growing = "/?q=" + quotes.prefix(200) + longTags.joined()
    let (tag, cursor, grown, log) = withLoop { machine in
      let browser = Browser(StubServices().serve(machine))
      return await (
        browser.get("/?tag=" + quotes), browser.get("/?cursor=" + quotes), browser.get(growing),
        machine.console.text
      )
    }
    #expect(tag.status == "200")
    #expect(cursor.status == "400" && cursor.body.contains("This page has moved on"))
    #expect(growing.utf8.count <= HTTPLimits().maximumTargetByteCount)
    #expect(grown.status == "400" && grown.body.contains("This page has moved on"))
    #expect(!log.contains("a page could not be made"))
  }
}
