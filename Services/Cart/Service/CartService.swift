// shop-api.md, "Cart", before changing this file.

import Bytes
import CartAPI
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import JSON
import Log
import Platform
import Shop
import Storage
import _Concurrency

/// Carts: what buyers have put aside to order, priced anew whenever somebody looks.
///
/// An id is a bearer capability, so no answer is cached and no log or metric has one.
public final class CartService: ShopService {
  private let store: CartStore
  private let catalog: any ProductSource
  private let shop: ShopConfiguration
  private let loop: EventLoop
  private let clock: any Clock
  private let entropy: any Entropy
  private let log: Logger

  /// How long a readiness check waits for the catalog.
  public static var readinessPatience: Duration { .seconds(1) }

  /// The service over a database that was opened with `migrations`.
  public static func open(
    _ database: Database, catalog: any ProductSource, shop: ShopConfiguration, loop: EventLoop,
    clock: any Clock, entropy: any Entropy, log: Logger
  ) async throws(StorageError) -> CartService {
    let store = try await CartStore.open(database)
    return CartService(store, catalog, shop, loop, clock, entropy, log)
  }

  /// The steps that make the database's schema.
  public static var migrations: [Migration] { Schema.migrations }

  private init(
    _ store: CartStore, _ catalog: any ProductSource, _ shop: ShopConfiguration, _ loop: EventLoop,
    _ clock: any Clock, _ entropy: any Entropy, _ log: Logger
  ) {
    self.store = store
    self.catalog = catalog
    self.shop = shop
    self.loop = loop
    self.clock = clock
    self.entropy = entropy
    self.log = log
  }

  // MARK: ShopService

  public var rules: [RouteRule<CartRoute>] { CartRoute.rules }

  public func findSubject(of call: Call<CartRoute>) async throws(Problem) {
    _ = try await openCart(call.parameters[0])
  }

  public func respond(to call: Call<CartRoute>) async throws(Problem) -> Response {
    var response =
      switch call.route {
      case .create: try await create(call)
      case .read: try await read(call)
      case .delete: try await delete(call)
      case .putItem: try await putItem(call)
      case .deleteItem: try await deleteItem(call)
      case .merge: try await merge(call)
      case .contents: try await contents(call)
      case .consume: try await consume(call)
      }
    response.set("cache-control", "no-store")
    return response
  }

  public func isReady() async -> Readiness {
    do throws(StorageError) {
      try await store.checkWritable()
    } catch {
      log.warning("not ready", LogField("reason", error.name))
      return .notReady("The carts cannot be stored right now.")
    }
    do throws(ServiceError) {
      // Well-formed, and nobody's.
      _ = try await catalog.products(
        ids: [Identifier.text(of: 0)], until: loop.now + Self.readinessPatience, trace: nil)
    } catch {
      return .notReady("The catalog does not answer.")
    }
    return .ready
  }

  /// Carts in the database, expired ones included.
  public var cartCount: Int64 { store.cartCount }

  /// Removes the carts that have expired.
  public func sweep() async {
    do throws(StorageError) {
      var count = 0
      var last: Int
      repeat {
        last = try await store.sweep(at: clock.wallTime)
        count += last
      } while last == Int(CartStore.sweepCount)
      try await store.recount()
      if count > 0 { log.info("carts expired", LogField("count", count)) }
    } catch {
      log.warning("expired carts could not be removed", LogField("reason", error.name))
    }
  }

  // MARK: Carts

  private func create(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let id = Identifier.make(entropy)
    let made: StoredCart?
    do throws(StorageError) {
      made = try await store.create(id, at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    guard let made else {
      throw Problem(.unavailable, "There are too many carts right now. Try again later.")
    }
    return try answer(made, products: [], .created).with("location", Cart.path(of: id))
  }

  private func read(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    var cart = try await openCart(call.parameters[0])
    let products = try await products(of: cart.lines.map { $0.product.id }, for: call)
    do throws(StorageError) {
      cart = try await store.touch(cart, at: clock.wallTime)
    } catch {
      // Reading goes on while nothing can be written; the cart ends a day early at most.
      log.warning("a cart's use was not noted", LogField("reason", error.name))
    }
    let response = try answer(cart, products: products)
    if call.request.hasField(.ifNoneMatch), let tag = response["etag"],
      EntityTagCondition(call.request.fieldList(.ifNoneMatch)).matchesWeakly(EntityTag(parsing: tag))
    {
      return Response(.notModified, fields: [("etag", tag)])
    }
    return response
  }

  private func delete(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let id = try Self.cartID(call.parameters[0])
    let change: CartChange
    do throws(StorageError) {
      change = try await store.delete(id, if: VersionCondition(call.ifMatch), at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    _ = try Self.cart(change)
    return Response(.noContent)
  }

  // MARK: Lines

  private func putItem(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let productID = call.parameters[1]
    let condition = VersionCondition(call.ifMatch)
    let cart = try await openCart(call.parameters[0])
    guard condition.holds(for: cart.version) else { throw .preconditionFailed }
    var body = BodyReader(call.json)
    let quantity = body.integer("quantity", in: 0...Cart.maximumQuantity)
    try body.check()
    if quantity == 0 { return try await removeItem(productID, from: cart, condition, for: call) }

    // The catalog is asked before anything is written: when it is down, nothing has changed.
    guard Identifier.isWellFormed(productID) else { throw Self.productNotFound }
    var ids = cart.lines.map { $0.product.id }
    if !ids.contains(productID) {
      if ids.count >= Cart.maximumLines { ids = [] }
      ids.append(productID)
    }
    let products = try await products(of: ids, for: call)
    guard let product = products.first(where: { $0.id == productID }) else { throw Self.productNotFound }
    let added = AddedProduct(id: product.id, sku: product.sku, name: product.name, price: product.price)
    let change: CartChange
    do throws(StorageError) {
      change = try await store.put(added, quantity: quantity, in: cart.id, if: condition, at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    return try await answer(try Self.cart(change), knowing: products, asked: ids, for: call)
  }

  private func deleteItem(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let cart = try await openCart(call.parameters[0])
    let condition = VersionCondition(call.ifMatch)
    guard condition.holds(for: cart.version) else { throw .preconditionFailed }
    return try await removeItem(call.parameters[1], from: cart, condition, for: call)
  }

  private func removeItem(
    _ productID: String, from cart: StoredCart, _ condition: VersionCondition, for call: Call<CartRoute>
  ) async throws(Problem) -> Response {
    var ids = cart.lines.map { $0.product.id }
    ids.removeAll { $0 == productID }
    let products = try await products(of: ids, for: call)
    let change: CartChange
    do throws(StorageError) {
      change = try await store.remove(productID, from: cart.id, if: condition, at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    return try await answer(try Self.cart(change), knowing: products, asked: ids, for: call)
  }

  private func merge(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let condition = VersionCondition(call.ifMatch)
    let id = try Self.cartID(call.parameters[0])
    let cart = try await openCart(id)
    guard condition.holds(for: cart.version) else { throw .preconditionFailed }
    var body = BodyReader(call.json)
    let other = body.string("from", length: 1...200)
    if other == id { body.fail("from", "must be another cart") }
    try body.check()

    let change: CartChange
    var ids = cart.lines.map { $0.product.id }
    do throws(StorageError) {
      let (_, source) = try await store.carts(id, other, at: clock.wallTime)
      if let source, source.orderID == nil {
        for line in source.lines where !ids.contains(line.product.id) { ids.append(line.product.id) }
      }
    } catch {
      throw problem(error)
    }
    guard ids.count <= Cart.maximumLines else { throw Self.full }
    let products = try await products(of: ids, for: call)
    do throws(StorageError) {
      change = try await store.merge(other, into: id, if: condition, at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    return try await answer(try Self.cart(change), knowing: products, asked: ids, for: call)
  }

  // MARK: For Checkout

  private func contents(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    guard let cart = try await cart(call.parameters[0]) else { throw Self.cartNotFound }
    guard cart.orderID == nil else { throw Self.ordered }
    return .json { cart.contents.write(to: &$0) }
  }

  private func consume(_ call: Call<CartRoute>) async throws(Problem) -> Response {
    let id = try Self.cartID(call.parameters[0])
    var body = BodyReader(call.json)
    let orderID = body.string("orderId", length: 1...64)
    try body.check()
    let result: CartConsumption
    do throws(StorageError) {
      result = try await store.consume(id, by: orderID, at: clock.wallTime)
    } catch {
      throw problem(error, ofChange: true)
    }
    switch result {
    case .consumed: return .json { $0.object { _ in } }
    case .orderedOtherwise: throw Self.ordered
    case .gone: throw Self.cartNotFound
    }
  }

  // MARK: Parts

  private func cart(_ id: String) async throws(Problem) -> StoredCart? {
    guard Identifier.isWellFormed(id) else { return nil }
    do throws(StorageError) {
      return try await store.cart(id, at: clock.wallTime)
    } catch {
      throw problem(error)
    }
  }

  /// For its owner a cart that was ordered is as gone as any.
  private func openCart(_ id: String) async throws(Problem) -> StoredCart {
    guard let cart = try await cart(id), cart.orderID == nil else { throw Self.cartNotFound }
    return cart
  }

  private func products(of ids: [String], for call: Call<CartRoute>) async throws(Problem) -> [Product] {
    guard !ids.isEmpty else { return [] }
    do throws(ServiceError) {
      return try await catalog.products(ids: ids, until: call.deadline, trace: call.trace)
    } catch {
      throw error.problem
    }
  }

  /// The answer to a change; lines that somebody else added meanwhile are looked up too.
  private func answer(
    _ cart: StoredCart, knowing products: [Product], asked ids: [String], for call: Call<CartRoute>
  ) async throws(Problem) -> Response {
    let missing = cart.lines.map { $0.product.id }.filter { !ids.contains($0) }
    let others: [Product]
    do throws(Problem) {
      others = try await self.products(of: missing, for: call)
    } catch {
      // The change was made; "nothing was changed" is true of a read only.
      throw .inDoubt
    }
    return try answer(cart, products: products + others)
  }

  private func answer(
    _ stored: StoredCart, products: [Product], _ status: Status = .ok
  ) throws(Problem) -> Response {
    var writer = JSONWriter(capacity: 256 + stored.lines.count * 320)
    do throws(MoneyError) {
      try CartView.cart(stored, products: products, currency: shop.currency).write(to: &writer)
    } catch {
      log.error("a cart could not be added up", LogField("currency", shop.currency))
      throw .internal
    }
    return Response(
      status,
      fields: [
        ("content-type", "application/json"),
        ("etag", VersionCondition.entityTag(version: stored.version, of: writer.bytes)),
      ], body: .bytes(writer.bytes))
  }

  private static func cartID(_ text: String) throws(Problem) -> String {
    guard Identifier.isWellFormed(text) else { throw cartNotFound }
    return text
  }

  private static func cart(_ change: CartChange) throws(Problem) -> StoredCart {
    switch change {
    case .done(let cart): return cart
    case .gone: throw cartNotFound
    case .stale: throw .preconditionFailed
    case .full: throw full
    }
  }

  private func problem(_ error: StorageError, ofChange: Bool = false) -> Problem {
    log.error("the carts' database failed", LogField("reason", error.name))
    if ofChange && error == .io { return .inDoubt }
    return Problem(.unavailable, "Carts cannot be stored right now. Nothing was changed; try again shortly.")
  }

  private static var cartNotFound: Problem {
    Problem.notFound("cart").with("resource") { $0.value("cart") }
  }

  private static var productNotFound: Problem {
    Problem.notFound("product").with("resource") { $0.value("product") }
  }

  private static var full: Problem {
    Problem(.cartFull, "A cart has at most 100 lines. Remove one first; nothing was changed.")
  }

  private static var ordered: Problem {
    Problem(.cartOrdered, "The cart has become an order. Start a new one.")
  }
}
