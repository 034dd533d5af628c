import Bytes
import EventLoop
import HTTP
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

  @Test func `the time that a form is on its way is not taken from the services`() {
    let clock = ManualClock()
    let (added, times, late) = withLoop(clock: clock) { machine in
      let services = StubServices()
      let browser = Browser(services.serve(machine))
      let token = await browser.get("/products/\(StubServices.productID)").value(of: "token") ?? ""
      let form = "token=\(token)&product=\(StubServices.productID)&quantity=1"
      let added = await browser.post("/cart/items", form) {
        clock.advance(by: Storefront.patience + .seconds(1))
      }
      let times = services.timesGiven
      let late = await browser.post("/cart/items", form) {
        clock.advance(by: ServerLimits().bodyTimeout + .seconds(1))
        // One turn of the loop to see the time, and one to end the wait for the form.
        for _ in 0..<2 { await machine.loop.sleep(until: machine.loop.now) }
      }
      return (added, times, late)
    }
    #expect(added.status == "303")
    // A new cart, then the piece.
    #expect(times == [5000, 5000])
    #expect(late.status == "408" && late.body.contains("This form could not be read"))
  }

  @Test func `cookies and entity tags are looked for in every line`() {
    let (page, unchanged) = withLoop { machine in
      let browser = Browser(StubServices().serve(machine))
      _ = await browser.get("/")
      // The browser's own cookie stands in a second line.
      let page = await browser.get("/", "Cookie: a=b\r\n")
      let tags = "If-None-Match: \"x\"\r\nIf-None-Match: \(page.field("etag") ?? "")\r\n"
      return await (page, browser.get("/", tags))
    }
    // A visitor without a session would be given one.
    #expect(page.status == "200" && page.field("set-cookie") == nil)
    #expect(unchanged.status == "304")
  }
}
