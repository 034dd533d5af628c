// shop-api.md, "Storefront", before changing this file.

import Bytes
import CartAPI
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import Log
import Platform
import Shop
import _Concurrency

/// The shop's pages, made here and complete without a line of JavaScript.
///
/// Every form carries a token of its session, so that no other site can send it. Whatever goes wrong behind
/// the pages becomes a page that says what to do, and a form that still holds what was typed.
///
/// The asynchronous functions only ask the services; what to ask, what an answer means and how it looks are
/// synchronous.
final class Storefront {
  let catalog: ServiceClient
  let carts: CartClient
  let orders: ServiceClient
  let shop: ShopConfiguration
  let seal: Seal
  let entropy: any Entropy
  let loop: EventLoop
  let log: Logger
  // Both take millions of instructions: made when somebody first asks, not while the gateway starts.
  private(set) lazy var assets = Assets()
  private lazy var description = OpenAPIDocument(shop)
  private let router: Router<PageRoute>
  /// The shop's tags, the most frequent first: they change seldom, and every home page shows them.
  var tags: [TagCount] = []
  var tagsExpire = Instant(nanoseconds: 0)

  /// For everything that a page asks the services.
  static let patience: Duration = .seconds(5)
  /// For an order: longer than the payment provider may take.
  static let orderPatience: Duration = .seconds(14)
  /// For what a page can do without.
  static let luxuryPatience: Duration = .milliseconds(500)
  /// Products on a page.
  static let productsPerPage = 24
  /// How old the list of tags may be.
  static let tagLifetime: Duration = .seconds(5)

  /// Pages over the three services; `orders` asks the checkout service.
  init(
    catalog: ServiceClient, carts: CartClient, orders: ServiceClient, shop: ShopConfiguration, seal: Seal,
    entropy: any Entropy, loop: EventLoop, log: Logger
  ) {
    self.catalog = catalog
    self.carts = carts
    self.orders = orders
    self.shop = shop
    self.seal = seal
    self.entropy = entropy
    self.loop = loop
    self.log = log
    router = Router([
      Route(.get, "/", .home), Route(.get, "/products/{id}", .product), Route(.get, "/cart", .cart),
      Route(.post, "/cart/items", .addToCart), Route(.post, "/cart/update", .updateCart),
      Route(.get, "/checkout", .checkout), Route(.post, "/checkout", .order),
      Route(.get, "/orders/{id}", .orderStatus), Route(.post, "/orders/{id}/cancel", .cancelOrder),
      Route(.get, "/assets/{name}", .asset), Route(.get, "/favicon.ico", .icon),
      Route(.get, "/robots.txt", .robots), Route(.get, "/openapi.json", .description),
    ])
  }

  private enum PageRoute {
    case home, product, cart, addToCart, updateCart, checkout, order, orderStatus, cancelOrder, asset, icon,
      robots, description, nowhere, wrongMethod
  }

  /// Answers a request for anything that is not below `/api`.
  func respond(to request: Request) async -> Response {
    let (route, name) = route(of: request)
    if let file = file(route, name, request) { return file }
    let visit = visit(request)
    let reply: Reply
    do throws(PageError) {
      reply = try await self.reply(route, name, visit)
    } catch {
      reply = self.reply(to: error, visit)
    }
    // A luxury: without an answer it is left out.
    if visit.asksForPieceCount, reply.link == nil {
      do throws(PageError) {
        _ = try await currentCart(visit, until: loop.now + Self.luxuryPatience)
      } catch {}
    }
    return response(reply, visit)
  }

  /// What a request asks for, and the name in its path; for a method that the path does not know, those that it knows.
  private func route(of request: Request) -> (PageRoute, String) {
    switch request.withPath({ router.match(request.method, path: $0) }) {
    case .notFound: (.nowhere, "")
    case .methodNotAllowed(let allow): (.wrongMethod, allow)
    case .route(let route, _, let parameters): (route, parameters.count > 0 ? parameters[0] : "")
    }
  }

  /// The answer to what asks for no page.
  private func file(_ route: PageRoute, _ name: String, _ request: Request) -> Response? {
    switch route {
    case .asset: assets.response(for: name, to: request)
    case .icon: assets.guessedIcon()
    case .description: description.response(to: request)
    case .robots:
      .text(.ok, "User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /orders/\n")
    case .wrongMethod where request.method == .options: Response(.noContent, fields: [("allow", name)])
    default: nil
    }
  }

  private func reply(_ route: PageRoute, _ name: String, _ visit: Visit) async throws(PageError) -> Reply {
    switch route {
    case .home: return try await home(visit)
    case .product: return try await product(name, visit)
    case .cart: return try await cart(visit)
    case .checkout: return try await checkout(visit)
    case .orderStatus: return try await order(name, .ok, note: nil, visit)
    case .addToCart, .updateCart, .order, .cancelOrder:
      let fields = try form(of: visit, await body(of: visit.request))
      switch route {
      case .addToCart: return try await addToCart(fields, visit)
      case .updateCart: return try await updateCart(fields, visit)
      case .order: return try await submitCheckout(fields, visit)
      default: return try await cancelOrder(name, visit)
      }
    case .wrongMethod:
      return Reply(.methodNotAllowed, Notice.badForm.page, with: ("allow", name))
    default: throw .notice(.notFound, .notFound)
    }
  }

  /// A form's bytes.
  private func body(of request: Request) async throws(PageError) -> [UInt8] {
    do throws(BodyError) {
      return try await request.body(limit: FormFields.maximumByteCount)
    } catch {
      throw Self.unreadable(error)
    }
  }

  /// The page for a form that did not arrive, with the status that the API has for it.
  @inline(never)
  private static func unreadable(_ error: BodyError) -> PageError {
    .notice(Status(Problem(error).statusCode), .badForm)
  }

  /// A form: its type, its fields, its token. It may have been long on its way, so the patience begins anew.
  private func form(of visit: Visit, _ body: [UInt8]) throws(PageError) -> FormFields {
    visit.deadline = loop.now + Self.patience
    guard let type = visit.request.field(.contentType),
      MediaType.matches(type, "application/x-www-form-urlencoded")
    else { throw .notice(.unsupportedMediaType, .badForm) }
    guard let fields = FormFields(body) else { throw .notice(.badRequest, .badForm) }
    guard visit.mayHaveSent(token: fields["token"]) else { throw .notice(.forbidden, .formExpired) }
    return fields
  }

  /// Asks a service; without a visit, it is not told for which request.
  func ask(
    _ service: ServiceClient, _ call: ServiceCall, until deadline: Instant, _ visit: Visit? = nil
  ) async throws(PageError) -> ServiceAnswer {
    do throws(ServiceError) {
      return try await service.call(call, until: deadline, trace: visit?.trace)
    } catch {
      throw .service(error)
    }
  }

  private func reply(to error: PageError, _ visit: Visit) -> Reply {
    switch error {
    case .notice(let status, let notice): return Reply(status, notice.page)
    case .service(let reason):
      log.warning("a page could not be made", LogField("reason", Self.word(reason)))
      visit.asksForPieceCount = false
      return Reply(
        reason == .late ? .gatewayTimeout : .serviceUnavailable, Notice.unavailable.page, with: Reply.soon)
    }
  }

  private static func word(_ error: ServiceError) -> StaticString {
    switch error {
    case .late: "late"
    case .unreachable: "unreachable"
    case .overloaded: "overloaded"
    case .unexpected: "unexpected"
    case .malformed: "malformed"
    }
  }
}
