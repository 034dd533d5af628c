import Bytes
import CheckoutAPI
import EventLoop
import JSON
import Platform
import Shop
import _Concurrency

/// Makes quotes: asks Cart what is wanted and Catalog what it costs now.
final class Quoting {
  private let stock: any StockKeeper
  private let carts: any CartKeeper
  private let shop: ShopConfiguration
  private let loop: EventLoop

  /// How long each of the two may take.
  static let deadline = Duration.seconds(2)

  init(stock: any StockKeeper, carts: any CartKeeper, shop: ShopConfiguration, loop: EventLoop) {
    self.stock = stock
    self.carts = carts
    self.shop = shop
    self.loop = loop
  }

  /// What the cart would cost now. Throws 422 for an unknown cart, 409 for an empty or an ordered one.
  func quote(cartID: String, delivery: Delivery, trace: RequestTrace?) async throws(Problem) -> Quote {
    let items: [CartItem]
    switch await carts.read(cartID, until: loop.now + Self.deadline, trace: trace) {
    case .items(let found): items = found
    case .ordered: throw .cartOrdered
    case .unknown: throw .invalid("/cartId", "is no cart; it may have expired. Fill a new one")
    case .silent: throw .unavailable
    }
    guard !items.isEmpty else {
      throw Problem(.cartEmpty, "The cart has no items. Put something into it first.")
    }
    let ids = items.map { $0.productID }
    guard let products = await stock.products(ids: ids, until: loop.now + Self.deadline, trace: trace) else {
      throw .unavailable
    }
    var byID: [String: OfferedProduct] = [:]
    for product in products { byID[product.id] = product }
    var wanted: [WantedItem] = []
    var shortages: [LineShortage] = []
    for item in items {
      // A product that is no longer sold has no price: it is no line, only a shortage.
      if let product = byID[item.productID] {
        wanted.append(
          WantedItem(
            productID: product.id, sku: product.sku, name: product.name, price: product.price,
            quantity: item.quantity))
      }
      let available = byID[item.productID]?.available ?? 0
      if available < item.quantity {
        shortages.append(
          LineShortage(productID: item.productID, wanted: item.quantity, available: max(0, available)))
      }
    }
    do throws(MoneyError) {
      return try Pricing.quote(
        wanted, by: delivery.method, rate: delivery.rate, taxIncluded: shop.taxIncluded, shortages: shortages,
        expiresAt: loop.wallTime + CheckoutLimits.quoteLifetime)
    } catch {
      throw Problem(.internal, "A product of this cart has a price that cannot be added up.")
    }
  }
}

extension Problem {
  /// 409 for a cart that is or is becoming an order. It does not say which: the cart's id is no order's key.
  static let cartOrdered = Problem(
    .cartOrdered, "This cart was ordered, or is being ordered, by another request. Fill a new one.")

  /// 409 with what is missing.
  static func shortage(_ shortages: [LineShortage]) -> Problem {
    Problem(.shortage, "Not enough pieces are left. Change the quantities named in shortages.")
      .with("shortages") { writer in
        writer.array { list in for shortage in shortages { shortage.write(to: &list) } }
      }
  }

  /// 409 with the quote that holds now.
  static func priceChanged(_ quote: Quote) -> Problem {
    Problem(
      .priceChanged, "The total is not the one you expected. Look at quote, and order again with its total."
    ).with("quote") { quote.write(to: &$0) }
  }

  /// 409 for a key whose first request has not been answered yet.
  static let keyInFlight: Problem = {
    var problem = Problem(
      .keyInFlight, "A request with this Idempotency-Key is being worked on. Send it again in a moment.")
    problem.retryAfterSeconds = 1
    return problem
  }()

  /// 422 for a key that came with another body before.
  static let keyReused = Problem(
    .keyReused, "This Idempotency-Key was used for another request. Take a new key for a new request.")

  /// 402.
  static let paymentDeclined = Problem(
    .declined,
    "The payment was declined. Nothing was charged; your cart is as it was. Try another way to pay "
      + "with a new Idempotency-Key.")

  /// 503 for a provider without an answer.
  static let providerSilent: Problem = {
    var problem = Problem(
      .providerSilent,
      "The payment provider does not answer. Nothing was charged; send the same request again.")
    problem.retryAfterSeconds = 5
    return problem
  }()

  /// 409 for an order that cannot be cancelled where it stands.
  static func wrongState(_ state: OrderState) -> Problem {
    switch state {
    case .pending, .reserved, .authorised:
      var problem = Problem(
        .wrongState, "The order is still being placed. Wait until it is, then cancel it.")
      problem.retryAfterSeconds = 1
      return problem
    case .shipped, .delivered:
      return Problem(.wrongState, "The order was shipped. It can no longer be cancelled.")
    default:
      return Problem(.wrongState, "The order came to nothing. There is nothing to cancel.")
    }
  }
}
