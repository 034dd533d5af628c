import CartAPI
import CatalogAPI
import CheckoutAPI
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Platform
import Shop

@testable import Gateway

/// Catalog, cart and checkout as the storefront needs them, in memory.
final class StubServices {
  static let now = WallTime(secondsSinceEpoch: 1_790_000_000)
  static let cartID = "AAAAAAAAAAAAAAAAAAAAAA"
  static let orderID = "BBBBBBBBBBBBBBBBBBBBBA"
  static let productID = "CCCCCCCCCCCCCCCCCCCCCA"

  var product = Product(
    id: productID, sku: "SKU-1", name: "Bowl <b>\"&'", description: "Line\n<script>", tags: ["tea & co"],
    price: Money(1299, "EUR"), available: 3, image: "/api/v1/products/\(productID)/image", updatedAt: now,
    version: 1)
  var quantity: Int64 = 0
  var hasCart = false
  /// What POST /orders answers, in turn; the last one stays.
  var orderAnswers: [Response] = []
  /// The keys and bodies of orders that came.
  private(set) var orders: [(key: String, body: String)] = []
  var orderState = OrderState.captured
  var refusesToCancel = false
  /// Happens at each question to the cart and to the checkout.
  var onQuestion: () -> Void = {}
  /// How long each of them gave us, in milliseconds.
  private(set) var timesGiven: [Int] = []

  func serve(_ machine: TestMachine) -> TestShop {
    TestShop(
      machine, catalog: TestShop.serve(machine) { await self.catalog($0) },
      cart: TestShop.serve(machine) { await self.cart($0) },
      checkout: TestShop.serve(machine) { await self.checkout($0) })
  }

  private func catalog(_ request: Request) async -> Response {
    switch request.pathString() {
    case "/api/v1/products":
      if let cursor = request.query.first("cursor"), cursor != "more" {
        return Problem(.malformed, "bad cursor").response
      }
      return .json { writer in
        writer.object { page in
          page.field("items", array: { self.product.write(to: &$0) })
          page.field("next", "more")
          page.field("total", 25)
        }
      }
    case "/api/v1/tags":
      return .json { writer in
        writer.object { list in
          list.field(
            "items",
            array: { items in
              items.object { tag in
                tag.field("tag", "tea & co")
                tag.field("count", 1)
              }
            })
        }
      }
    case "/api/v1/products/\(Self.productID)": return .json { self.product.write(to: &$0) }
    default: return Problem.notFound("product").response
    }
  }

  private var cartValue: Cart {
    let total = Money(product.price.amount * quantity, "EUR")
    let line = CartLine(
      productID: product.id, sku: product.sku, name: product.name, quantity: quantity, price: product.price,
      lineTotal: total, available: Int64(product.available),
      notice: quantity > product.available ? .short : nil)
    return Cart(
      id: Self.cartID, items: quantity > 0 ? [line] : [], subtotal: total, version: 1, updatedAt: Self.now,
      expiresAt: Self.now)
  }

  private func note(_ request: Request) {
    timesGiven.append(Int(request.field(named: ServiceClient.timeoutField) ?? "") ?? -1)
    onQuestion()
  }

  private func cart(_ request: Request) async -> Response {
    note(request)
    switch (request.method, request.pathString()) {
    case (.post, "/api/v1/carts"): hasCart = true
    case (.get, _): break
    case (.delete, _): quantity = 0
    default:
      let body = (try? await request.body(limit: 1000)) ?? []
      guard request.pathString().hasSuffix(product.id), let json = try? JSON.parse(body) else {
        return Problem.notFound("product").with("resource") { $0.value("product") }.response
      }
      quantity = json["quantity"]?.integer ?? 0
    }
    guard hasCart else { return Problem.notFound("cart").response }
    return .json { self.cartValue.write(to: &$0) }
  }

  private var lines: [PricedLine] {
    let total = Money(product.price.amount * quantity, "EUR")
    return [
      PricedLine(
        productID: product.id, sku: product.sku, name: product.name, quantity: Int(quantity),
        price: product.price,
        lineTotal: total, tax: Money(0, "EUR"))
    ]
  }

  private func checkout(_ request: Request) async -> Response {
    note(request)
    let body = String(decoding: (try? await request.body(limit: 10_000)) ?? [], as: UTF8.self)
    let total = Money(product.price.amount * quantity + 490, "EUR")
    let zero = Money(0, "EUR")
    switch (request.method, request.pathString()) {
    case (.post, "/api/v1/checkouts"):
      let quote = Quote(
        lines: lines, subtotal: Money(product.price.amount * quantity, "EUR"), shippingMethod: "standard",
        shipping: Money(490, "EUR"), tax: zero, taxIncluded: false, total: total, shortages: [],
        expiresAt: Self.now)
      return .json { quote.write(to: &$0) }
    case (.post, "/api/v1/orders"):
      orders.append((request.field(.idempotencyKey) ?? "", body))
      return orderAnswers.count > 1 ? orderAnswers.removeFirst() : orderAnswers[0]
    case (.post, _):
      if refusesToCancel { return Problem(.wrongState, "It was shipped.").response }
      orderState = .cancelled
      return .json { self.order.write(to: &$0) }
    case (.get, "/api/v1/orders/\(Self.orderID)"): return .json { self.order.write(to: &$0) }
    default: return Problem.notFound("order").response
    }
  }

  var order: Order {
    Order(
      id: Self.orderID, number: "1001", state: orderState, lines: lines, subtotal: Money(1299, "EUR"),
      shippingMethod: "standard", shipping: Money(490, "EUR"), tax: Money(0, "EUR"), taxIncluded: false,
      total: Money(1789, "EUR"), email: "ada@example.org",
      shippingAddress: Address(
        name: "Ada <i>", line1: "Street 1", city: "Town", postalCode: "1", country: "DE"),
      createdAt: Self.now,
      events: [OrderEvent(state: .pending, at: Self.now), OrderEvent(state: .captured, at: Self.now)])
  }

  /// 201 with the order.
  var placed: Response { .json(.created) { self.order.write(to: &$0) } }
}

/// A browser without JavaScript: keeps cookies, sends forms.
final class Browser {
  let shop: TestShop
  private var cookies: [String: String] = [:]

  init(_ shop: TestShop) { self.shop = shop }

  /// A page: its status line and head, and its text.
  struct Answer {
    var head: String
    var body: String
    var status: String { String(head.dropFirst(9).prefix(3)) }

    func field(_ name: String) -> String? {
      for line in head.components(of: "\r\n") where line.hasPrefix(name + ": ") {
        return String(line.dropFirst(name.count + 2))
      }
      return nil
    }

    /// The value of a form's field.
    func value(of name: String) -> String? {
      guard let rest = body.components(of: "name=\"\(name)\" value=\"").dropFirst().first else { return nil }
      return rest.components(of: "\"")[0]
    }
  }

  func get(_ path: String, _ fields: String = "") async -> Answer {
    await exchange("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\(cookieField)\r\n")
  }

  func post(_ path: String, _ form: String, withCookies: Bool = true) async -> Answer {
    await exchange(head(path, form, withCookies ? cookieField : "") + form)
  }

  /// Sends a form of which nothing has arrived when `delay` begins, and the shop waits for it.
  func post(_ path: String, _ form: String, delay: () async -> Void) async -> Answer {
    let client = await shop.connect()
    await client.send(head(path, form, cookieField + "Expect: 100-continue\r\n"))
    // 100: it has been asked for.
    await client.readHead()
    await delay()
    await client.send(form)
    return take(await client.readToEnd())
  }

  private func head(_ path: String, _ form: String, _ fields: String) -> String {
    "POST \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      + "Content-Length: \(form.utf8.count)\r\n\(fields)\r\n"
  }

  private var cookieField: String {
    cookies.isEmpty
      ? "" : "Cookie: " + cookies.map { $0.key + "=" + $0.value }.joined(separator: "; ") + "\r\n"
  }

  private func exchange(_ text: String) async -> Answer {
    let client = await shop.connect()
    await client.send(text)
    return take(await client.readToEnd())
  }

  private func take(_ text: String) -> Answer {
    let pieces = text.components(of: "\r\n\r\n")
    let answer = Answer(head: pieces[0], body: pieces.dropFirst().joined(separator: "\r\n\r\n"))
    for line in answer.head.components(of: "\r\n") where line.hasPrefix("set-cookie: ") {
      let pair = line.dropFirst("set-cookie: ".count).prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
      cookies[String(pair[0])] = String(pair[1])
    }
    return answer
  }
}
