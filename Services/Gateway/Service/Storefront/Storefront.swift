// shop-api.md, "Storefront", before changing this file.

import CartAPI
import CatalogAPI
import CheckoutAPI
import Cryptography
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
final class Storefront {
  let catalog: CatalogClient
  let carts: CartClient
  let ordering: Ordering
  let shop: ShopConfiguration
  let seal: Seal
  let entropy: any Entropy
  let loop: EventLoop
  let log: Logger
  // Both take millions of instructions: made when somebody first asks, not while the gateway starts.
  private(set) lazy var assets = Assets()
  private lazy var description = OpenAPIDocument(shop)
  private let router: Router<PageRoute>
  /// The shop's tags change seldom, and every home page shows them.
  var tags: [(name: String, count: Int)] = []
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

  /// Pages over the three services.
  init(
    catalog: CatalogClient, carts: CartClient, ordering: Ordering, shop: ShopConfiguration, seal: Seal,
    entropy: any Entropy, loop: EventLoop, log: Logger
  ) {
    self.catalog = catalog
    self.carts = carts
    self.ordering = ordering
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
      robots, description
  }

  /// Answers a request for anything that is not below `/api`.
  func respond(to request: Request) async -> Response {
    let matched = request.withPath { router.match(request.method, path: $0) }
    switch matched {
    case .notFound:
      return await page(.notFound, NoticePage.notFound.page(), for: request, visitor(of: request))
    case .methodNotAllowed(let allow):
      if request.method == .options { return Response(.noContent, fields: [("allow", allow)]) }
      let visitor = visitor(of: request)
      return await page(.methodNotAllowed, NoticePage.badForm.page(), for: request, visitor).with(
        "allow", allow)
    case .route(let route, _, let parameters):
      switch route {
      case .asset:
        if let file = assets.response(for: parameters[0], to: request) { return file }
        return await page(.notFound, NoticePage.notFound.page(), for: request, visitor(of: request))
      case .icon: return assets.guessedIcon()
      case .description: return description.response(to: request)
      case .robots:
        return .text(.ok, "User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /orders/\n")
      case .addToCart, .updateCart, .order, .cancelOrder:
        return await submit(route, parameters, request)
      case .home, .product, .cart, .checkout, .orderStatus:
        return await show(route, parameters, request)
      }
    }
  }

  private func show(_ route: PageRoute, _ parameters: PathParameters, _ request: Request) async -> Response {
    let visitor = visitor(of: request)
    do throws(PageError) {
      switch route {
      case .home: return try await home(request, visitor)
      case .product: return try await product(parameters[0], request, visitor)
      case .cart: return try await cart(request, visitor)
      case .checkout: return try await checkout(request, visitor)
      default: return try await order(parameters[0], request, visitor)
      }
    } catch {
      return await failure(error, request, visitor)
    }
  }

  /// A form: its size, its type, its token, then what it asks for.
  private func submit(_ route: PageRoute, _ parameters: PathParameters, _ request: Request) async -> Response
  {
    let visitor = visitor(of: request)
    do throws(PageError) {
      let fields = try await form(of: request, visitor)
      switch route {
      case .addToCart: return try await addToCart(fields, request, visitor)
      case .updateCart: return try await updateCart(fields, request, visitor)
      case .order: return try await submitCheckout(fields, request, visitor)
      default: return try await cancelOrder(parameters[0], request, visitor)
      }
    } catch {
      return await failure(error, request, visitor)
    }
  }

  private func form(of request: Request, _ visitor: Visitor) async throws(PageError) -> FormFields {
    let body: [UInt8]
    do throws(BodyError) {
      body = try await request.body(limit: FormFields.maximumByteCount)
    } catch .tooLarge {
      throw .notice(.contentTooLarge, .badForm)
    } catch {
      throw .notice(.badRequest, .badForm)
    }
    guard let type = request.field(.contentType), MediaType.matches(type, "application/x-www-form-urlencoded")
    else { throw .notice(.unsupportedMediaType, .badForm) }
    guard let fields = FormFields(body) else { throw .notice(.badRequest, .badForm) }
    // A visitor whose session began with this very request was given no form.
    guard visitor.cookiesToSet.isEmpty, seal.isFormToken(fields["token"], session: visitor.session) else {
      throw .notice(.forbidden, .formExpired)
    }
    return fields
  }

  private func failure(_ error: PageError, _ request: Request, _ visitor: Visitor) async -> Response {
    switch error {
    case .notice(let status, let notice): return await page(status, notice.page(), for: request, visitor)
    case .service(let reason):
      log.warning("a page could not be made", LogField("reason", Self.word(reason)))
      let status: Status = reason == .late ? .gatewayTimeout : .serviceUnavailable
      return await page(status, NoticePage.unavailable.page(), for: request, visitor, count: false)
        .with("retry-after", "5")
    }
  }

  private static func word(_ error: ServiceError) -> String {
    switch error {
    case .late: "late"
    case .unreachable: "unreachable"
    case .overloaded: "overloaded"
    case .unexpected: "unexpected"
    case .malformed: "malformed"
    }
  }
}

/// Why a page cannot be shown.
enum PageError: Error {
  /// Show this instead.
  case notice(Status, NoticePage)
  /// A service gave no usable answer.
  case service(ServiceError)
}
