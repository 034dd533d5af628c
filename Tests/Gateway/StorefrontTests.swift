import CheckoutAPI
import Foundation
import HTTP
import JSON
import MachineTesting
import Platform
import Shop
import Testing

@testable import Gateway

private let address =
  "&email=ada%40example.org&name=Ada&line1=Street+1&city=Town&postalCode=1&country=DE&shipping=standard&payment=tok_ok"

struct StorefrontTests {
  private func visit<T>(_ body: @escaping (Browser, StubServices) async -> T) -> T {
    withLoop { machine in
      let services = StubServices()
      services.orderAnswers = [services.placed]
      return await body(Browser(services.serve(machine)), services)
    }
  }

  /// Puts two pieces into a cart and returns the checkout's page.
  private func shopFor(_ browser: Browser) async -> Browser.Answer {
    let token = await browser.get("/products/\(StubServices.productID)").value(of: "token") ?? ""
    _ = await browser.post("/cart/items", "token=\(token)&product=\(StubServices.productID)&quantity=2")
    return await browser.get("/checkout")
  }

  private func form(_ page: Browser.Answer) -> String {
    "token=\(page.value(of: "token") ?? "")&cart=\(page.value(of: "cart") ?? "")&key=\(page.value(of: "key") ?? "")"
      + address
  }

  @Test func `every page forbids what it does not need, and runs no script`() {
    let pages = visit { browser, _ in
      await [
        browser.get("/"), browser.get("/products/\(StubServices.productID)"), browser.get("/cart"),
        browser.get("/orders/\(StubServices.orderID)"), browser.get("/nowhere"),
      ]
    }
    for page in pages {
      let policy = page.field("content-security-policy") ?? ""
      #expect(
        policy.hasPrefix("default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self';"))
      #expect(policy.contains("base-uri 'none'") && policy.contains("frame-ancestors 'none'"))
      #expect(page.field("referrer-policy") == "no-referrer")
      #expect(page.field("x-content-type-options") == "nosniff")
      #expect(
        !page.body.contains("<script") && !page.body.contains("javascript:") && !page.body.contains(" style=")
      )
      #expect(page.body.components(of: "<h1>").count == 2)
      #expect(
        page.body.contains("<a class=\"skip\" href=\"#main\">") && page.body.contains("<main id=\"main\""))
      #expect(page.body.contains("<html lang=\"en\">"))
    }
  }

  @Test func `what sellers and buyers typed is shown as text`() {
    let (product, order) = visit { browser, _ in
      await (
        browser.get("/products/\(StubServices.productID)"), browser.get("/orders/\(StubServices.orderID)")
      )
    }
    #expect(product.body.contains("<h1>Bowl &lt;b&gt;&quot;&amp;&#39;</h1>"))
    #expect(product.body.contains("&lt;script&gt;"))
    #expect(product.body.contains("href=\"/?tag=tea%20%26%20co\""))
    #expect(order.body.contains("Ada &lt;i&gt;"))
  }

  @Test func `every field of a form has a label`() {
    let pages = visit { browser, _ in
      let checkout = await self.shopFor(browser)
      return await [browser.get("/"), browser.get("/cart"), checkout]
    }
    for page in pages {
      for tag in page.body.components(of: "<input").dropFirst() {
        let attributes = tag.components(of: ">")[0]
        guard !attributes.contains("type=\"hidden\""), !attributes.contains("type=\"radio\"") else {
          continue
        }
        let id = attributes.components(of: "id=\"").dropFirst().first?.components(of: "\"")[0] ?? "?"
        #expect(page.body.contains("<label for=\"\(id)\"") || page.body.contains("for=\"\(id)\">"), "\(id)")
      }
    }
  }

  @Test func `the style sheet is immutable under the name of its hash`() {
    let (file, packed, refusing, guess) = visit { browser, _ in
      let home = await browser.get("/")
      let path = home.body.components(of: "rel=\"stylesheet\" href=\"")[1].components(of: "\"")[0]
      return await (
        browser.get(path), browser.get(path, "Accept-Encoding: br;q=1, gzip;q=0.5\r\n"),
        browser.get(path, "Accept-Encoding: *;q=1, gzip;q=0\r\n"), browser.get("/assets/style.css")
      )
    }
    #expect(file.status == "200" && file.field("content-type") == "text/css; charset=utf-8")
    #expect(file.field("cache-control") == "public, max-age=31536000, immutable")
    #expect(file.body.hasPrefix(":root{") && file.body == refusing.body)
    #expect(file.field("vary") == "accept-encoding" && packed.field("vary") == "accept-encoding")
    #expect(file.field("content-encoding") == nil && packed.field("content-encoding") == "gzip")
    #expect(packed.field("content-length") == String(PackedFile.styleSheet.packed.count))
    #expect(guess.status == "404")
  }

  @Test(arguments: ["style.css", "openapi.json"]) func `the packed files are those beside them`(name: String)
    throws
  {
    let files = URL(filePath: #filePath).appending(path: "../../../Services/Gateway/Assets")
      .standardizedFileURL
    let packed = name == "style.css" ? PackedFile.styleSheet : PackedFile.apiDescription
    // deploy/assets leaves out the style sheet's comments, and space that means nothing.
    func bare(_ text: String) -> String {
      let text = name == "style.css" ? text.replacing(#//\*[\s\S]*?\*//#, with: "") : text
      return text.filter { !$0.isWhitespace }
    }
    let file = try String(contentsOf: files.appending(path: name), encoding: .utf8)
    #expect(
      bare(String(decoding: packed.unpacked(), as: UTF8.self)) == bare(file), "run deploy/assets, and commit")
  }

  @Test func `all that a page asks shares five seconds, and an order has fourteen of its own`() {
    let clock = ManualClock()
    let (cart, order) = withLoop(clock: clock) { machine in
      let services = StubServices()
      services.orderAnswers = [Problem(.shortage, "sold out").response]
      let browser = Browser(services.serve(machine))
      let token = await browser.get("/products/\(StubServices.productID)").value(of: "token") ?? ""
      services.onQuestion = { clock.advance(by: .seconds(2)) }
      // A new cart, then the piece.
      _ = await browser.post("/cart/items", "token=\(token)&product=\(StubServices.productID)&quantity=2")
      let cart = services.timesGiven
      services.onQuestion = {}
      let page = await browser.get("/checkout")
      services.onQuestion = { clock.advance(by: .seconds(2)) }
      let count = services.timesGiven.count
      _ = await browser.post("/checkout", form(page) + "&step=place&total=3088")
      return (cart, Array(services.timesGiven.dropFirst(count)))
    }
    #expect(cart == [5000, 3000])
    // The order, then the quote that shows what is short.
    #expect(order == [14_000, 5000])
  }

  @Test func `a page that has not changed is 304`() {
    let answer = visit { browser, _ in
      _ = await browser.get("/")
      let tag = await browser.get("/").field("etag") ?? ""
      return await browser.get("/", "If-None-Match: \(tag)\r\n")
    }
    #expect(answer.status == "304" && answer.body.isEmpty)
  }

  @Test func `a stale page of a list is explained`() {
    let answer = visit { browser, _ in await browser.get("/?cursor=stale") }
    #expect(answer.status == "400" && answer.body.contains("This page has moved on"))
  }

  @Test func `a thing goes into the cart, its number changes, and it goes out again`() {
    let (added, cart, more, changed, removed) = visit { browser, services in
      let token = await browser.get("/cart").value(of: "token") ?? ""
      let page = await browser.get("/products/\(StubServices.productID)")
      let form = "token=\(page.value(of: "token") ?? token)&product=\(StubServices.productID)"
      let added = await browser.post("/cart/items", form + "&quantity=1")
      let cart = await browser.get(added.field("location") ?? "/")
      _ = await browser.post("/cart/items", form + "&quantity=1")
      let more = services.quantity
      let same = "token=\(cart.value(of: "token") ?? "")"
      _ = await browser.post("/cart/update", same + "&update=1&quantity.\(StubServices.productID)=7")
      let changed = services.quantity
      _ = await browser.post("/cart/update", same + "&remove=\(StubServices.productID)")
      return (added, cart, more, changed, services.quantity)
    }
    #expect(added.status == "303" && added.field("location") == "/cart?note=added")
    #expect(cart.body.contains("It is in your cart") && cart.body.contains("12.99\u{a0}€"))
    #expect(more == 2)
    #expect(changed == 7)
    #expect(removed == 0)
  }

  @Test(arguments: ["0", "-1", "1000", "many", "", "1.5"])
  func `a quantity that is none comes back with the page`(quantity: String) {
    let answer = visit { browser, _ in
      let page = await browser.get("/products/\(StubServices.productID)")
      return await browser.post(
        "/cart/items",
        "token=\(page.value(of: "token") ?? "")&product=\(StubServices.productID)&quantity=\(quantity)")
    }
    #expect(answer.status == "422" && answer.body.contains("aria-invalid=\"true\""))
  }

  @Test func `a form without our token, with another session's, or without cookies is refused`() {
    let answers = visit { browser, services in
      let other =
        await Browser(browser.shop).get("/products/\(StubServices.productID)").value(of: "token") ?? ""
      let own = await browser.get("/products/\(StubServices.productID)").value(of: "token") ?? ""
      let rest = "&product=\(StubServices.productID)&quantity=1"
      return await [
        browser.post("/cart/items", rest), browser.post("/cart/items", "token=\(other)" + rest),
        browser.post("/cart/items", "token=\(own)" + rest, withCookies: false),
      ]
    }
    for answer in answers { #expect(answer.status == "403" && answer.body.contains("This form has expired")) }
  }

  @Test func `a form that is too large, of another type or broken is refused`() {
    let (large, broken) = visit { browser, _ in
      await (
        browser.post("/cart/items", "x=" + String(repeating: "y", count: FormFields.maximumByteCount)),
        browser.post("/cart/items", "x=%zz")
      )
    }
    #expect(large.status == "413")
    #expect(broken.status == "400")
  }

  @Test func `an order is placed once, however often its form is sent`() {
    let (review, first, second, orders) = visit { browser, services in
      let page = await self.shopFor(browser)
      let review = await browser.post("/checkout", self.form(page) + "&step=review")
      let place = self.form(review) + "&step=place&total=\(review.value(of: "total") ?? "")"
      let first = await browser.post("/checkout", place)
      let second = await browser.post("/checkout", place)
      return (review, first, second, services.orders)
    }
    #expect(review.status == "200" && review.body.contains("Order and pay 30.88\u{a0}€"))
    #expect(first.status == "303" && first.field("location") == "/orders/\(StubServices.orderID)")
    #expect(second.field("location") == first.field("location"))
    #expect(orders.count == 2 && orders[0].key == orders[1].key && orders[0].body == orders[1].body)
    #expect(Identifier.isWellFormed(orders[0].key))
    #expect(orders[0].body.contains("\"expectedTotal\":{\"amount\":3088,\"currency\":\"EUR\"}"))
  }

  @Test func `missing fields are named, and nothing typed is lost`() {
    let answer = visit { browser, _ in
      let page = await self.shopFor(browser)
      let form = self.form(page).components(of: "&postalCode=1").joined(separator: "&postalCode=")
      return await browser.post("/checkout", form + "&step=review")
    }
    #expect(answer.status == "422")
    #expect(answer.body.contains("href=\"#postalCode\""))
    #expect(answer.body.contains("id=\"postalCode-error\""))
    #expect(answer.body.contains("value=\"ada@example.org\"") && answer.body.contains("value=\"Street 1\""))
  }

  @Test(arguments: [
    ("declined", "402", "The payment was declined"), ("price-changed", "409", "The total has changed"),
    ("shortage", "409", "Not everything is there any more"),
    ("key-in-flight", "409", "Your order is being taken"),
    ("key-reused", "409", "This form had been sent before"),
    ("provider-silent", "503", "The payment provider does not answer"),
    ("unavailable", "503", "We did not hear whether your order was taken"),
    ("cart-ordered", "409", "This cart is no longer there"),
  ])
  func `when an order fails the page says why, and the form is still filled`(
    slug: String, status: String, words: String
  ) {
    let (answer, keys) = visit { browser, services in
      let type = ProblemType(path: "/problems/" + slug)!
      services.orderAnswers = [Problem(type, "x").response]
      let page = await self.shopFor(browser)
      let answer = await browser.post("/checkout", self.form(page) + "&step=place&total=3088")
      return (answer, (page.value(of: "key"), answer.value(of: "key")))
    }
    #expect(answer.status == status && answer.body.contains(words))
    if slug != "cart-ordered" {
      #expect(answer.body.contains("value=\"ada@example.org\""))
      // A recorded refusal would be repeated under its key, and a key that another form has is of no use.
      #expect((keys.0 == keys.1) == (slug != "declined" && slug != "key-reused"))
    }
  }

  @Test(arguments: [
    ("/email", "422", "href=\"#email\">E-mail: Not like this."),
    ("/cartId", "409", "This cart is no longer there"),
    ("/elsewhere", "422", "The order: Not like this."),
  ])
  func `what the checkout service finds wrong is said where it belongs`(
    pointer: String, status: String, words: String
  ) {
    let answer = visit { browser, services in
      let error = FieldError(pointer: pointer, detail: "Not like this.")
      services.orderAnswers = [Problem.invalid([error]).response]
      let page = await self.shopFor(browser)
      return await browser.post("/checkout", self.form(page) + "&step=place&total=3088")
    }
    #expect(answer.status == status && answer.body.contains(words))
  }

  @Test func `an order that is on its way is shown, and why it cannot be cancelled`() {
    let answer = visit { browser, services in
      let token = await browser.get("/orders/\(StubServices.orderID)").value(of: "token") ?? ""
      services.refusesToCancel = true
      return await browser.post("/orders/\(StubServices.orderID)/cancel", "token=\(token)")
    }
    #expect(answer.status == "409" && answer.body.contains("It is too late to cancel"))
    #expect(answer.body.contains("Ada &lt;i&gt;"))
  }

  @Test func `an order can be cancelled from its page`() {
    let (page, answer, after) = visit { browser, services in
      let page = await browser.get("/orders/\(StubServices.orderID)")
      let answer = await browser.post(
        "/orders/\(StubServices.orderID)/cancel", "token=\(page.value(of: "token") ?? "")")
      return await (page, answer, browser.get("/orders/\(StubServices.orderID)"))
    }
    #expect(page.field("cache-control") == "no-store" && page.body.contains("Cancel this order"))
    #expect(answer.status == "303")
    #expect(after.body.contains("This order was cancelled") && !after.body.contains("Cancel this order"))
  }

  @Test func `when a service is down the page says so and asks to come back`() {
    let (home, cart) = withLoop { machine in
      let browser = Browser(TestShop(machine))
      return await (browser.get("/"), browser.get("/cart"))
    }
    #expect(
      home.status == "503" && home.field("retry-after") != nil && home.body.contains("Closed for a moment"))
    #expect(cart.status == "200" && cart.body.contains("Your cart is empty"))
  }

  @Test(arguments: [
    (1299, "12.99\u{a0}€"), (-5, "\u{2212}0.05\u{a0}€"), (123_456_789, "1,234,567.89\u{a0}€"),
    (0, "0.00\u{a0}€"),
  ])
  func `money is written for people`(amount: Int64, text: String) {
    #expect(Money(amount, "EUR").text == text)
    #expect(Money(1_234, "JPY").text == "1,234\u{a0}¥")
    #expect(Money(1_234_567, "KWD").text == "1,234.567\u{a0}KWD")
  }
}
