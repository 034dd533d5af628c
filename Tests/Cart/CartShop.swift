import Bytes
import Cart
import CartAPI
import CatalogAPI
import EventLoop
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Platform
import Shop
import Storage

/// Products as a test wants them, in the place of the catalog.
final class Shelf: ProductSource {
  var products: [String: Product] = [:]
  /// What the catalog fails with, if it does.
  var failure: ServiceError?
  /// Ids asked for, call by call.
  private(set) var calls: [[String]] = []
  /// Runs before the next answer, once: what happens while the catalog is asked.
  var interruption: (() async -> Void)?

  func products(
    ids: [String], until deadline: Instant, trace: RequestTrace?
  ) async throws(ServiceError) -> [Product] {
    calls.append(ids)
    let interruption = interruption
    self.interruption = nil
    await interruption?()
    if let failure { throw failure }
    return ids.compactMap { products[$0] }
  }

  /// Puts a product on the shelf and returns its id.
  @discardableResult
  func put(_ number: UInt128, price: Int64 = 1299, available: Int = 50) -> String {
    let id = Identifier.text(of: number << 64 | number)
    products[id] = Product(
      id: id, sku: "SKU-\(number)", name: "Product \(number)", description: "", tags: [],
      price: Money(price, "EUR"), available: available, image: Product.imagePath(of: id),
      updatedAt: WallTime(secondsSinceEpoch: 0), version: 1)
    return id
  }
}

/// What came back.
struct Answer {
  let status: UInt16
  let fields: [(name: String, value: String)]
  let json: JSON

  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The quantities by product, in order.
  var quantities: [Int64] { json["items"]?.array?.compactMap { $0["quantity"]?.integer } ?? [] }
  /// The notices, in order; "" for none.
  var notices: [String] { json["items"]?.array?.map { $0["notice"]?.string ?? "" } ?? [] }
  /// The last part of the problem's type.
  var problem: String? { json["type"]?.string.map { String($0.dropFirst("/problems/".count)) } }
  var cartID: String { json["id"]?.string ?? "" }
  var version: Int64? { json["version"]?.integer }
}

/// The cart service behind its front and a real server, over a real database.
final class CartShop {
  static let internalSecret = "internal-internal-internal-internal"
  static let settings = [
    "shop.currency": "EUR", "shop.tax.DE": "1900", "shop.shipping.standard": "490",
    "secret.internal": internalSecret, "secret.admin": "admin-admin-admin-admin-admin-admin",
  ]

  let machine: TestMachine
  let clock = ManualClock()
  let shelf = Shelf()
  let path: String
  private(set) var database: Database
  private(set) var service: CartService
  private(set) var endpoint: Endpoint
  private(set) var http: HTTPClient

  init(_ machine: TestMachine) async {
    self.machine = machine
    path = machine.temporaryDirectory() + "/cart.sqlite"
    (database, service) = await Self.open(path, machine, shelf, clock)
    (endpoint, http) = Self.serve(service, machine)
  }

  /// Closes the database and starts a second service on it.
  func restart() async {
    await database.close()
    (database, service) = await Self.open(path, machine, shelf, clock)
    (endpoint, http) = Self.serve(service, machine)
  }

  private static func open(
    _ path: String, _ machine: TestMachine, _ shelf: Shelf, _ clock: ManualClock
  ) async -> (Database, CartService) {
    let database = try! await Database.open(
      .file(path: path), service: "cart", migrations: CartService.migrations, worker: machine.worker,
      loop: machine.loop, entropy: machine.entropy, log: machine.log)
    let service = try! await CartService.open(
      database, catalog: shelf, shop: try! ShopConfiguration(settings: KeyedLines(settings)),
      loop: machine.loop, clock: clock, entropy: machine.entropy, log: machine.log)
    return (database, service)
  }

  private static func serve(_ service: CartService, _ machine: TestMachine) -> (Endpoint, HTTPClient) {
    let metrics = Metrics()
    let front = Front(
      service, settings: try! ServiceSettings(KeyedLines(settings)), loop: machine.loop, log: machine.log,
      metrics: metrics)
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: front)
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    machine.loop.spawn { await server.serve(on: listener) }
    return (
      listener.endpoint,
      HTTPClient(network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "cart")
    )
  }

  var client: CartClient { CartClient(http: http, secret: Self.internalSecret, loop: machine.loop) }
  var soon: Instant { machine.loop.now + .seconds(20) }

  func send(
    _ method: HTTPCore.Method, _ target: String, _ body: String? = nil,
    _ fields: [(name: String, value: String)] = []
  ) async -> Answer {
    var fields = fields
    if body != nil, !fields.contains(where: { $0.name == "content-type" }) {
      fields.append(("content-type", "application/json"))
    }
    let request = ClientRequest(method, target, fields: fields, body: Array((body ?? "").utf8))
    do throws(ClientError) {
      let response = try await http.send(request, until: soon)
      let json = (try? JSON.parse(response.body)) ?? .null
      return Answer(status: response.status.code, fields: response.fields, json: json)
    } catch {
      return Answer(status: 0, fields: [], json: .string("\(error)"))
    }
  }

  /// With the internal secret.
  func ask(_ method: HTTPCore.Method, _ target: String, _ body: String? = nil) async -> Answer {
    await send(method, target, body, [("authorization", "Bearer " + Self.internalSecret)])
  }

  func create() async -> String { await send(.post, "/api/v1/carts").cartID }

  func get(_ id: String) async -> Answer { await send(.get, "/api/v1/carts/" + id) }

  @discardableResult
  func put(
    _ id: String, _ product: String, _ quantity: Int, ifMatch: String? = nil
  ) async -> Answer {
    await send(
      .put, "/api/v1/carts/\(id)/items/\(product)", "{\"quantity\":\(quantity)}",
      ifMatch.map { [("if-match", $0)] } ?? [])
  }

  func remove(_ id: String, _ product: String) async -> Answer {
    await send(.delete, "/api/v1/carts/\(id)/items/\(product)")
  }

  func merge(_ id: String, from other: String) async -> Answer {
    await send(.post, "/api/v1/carts/\(id)/merge", "{\"from\":\"\(other)\"}")
  }

  func consume(_ id: String, by order: String) async -> Answer {
    await ask(.post, "/internal/v1/carts/\(id)/consume", "{\"orderId\":\"\(order)\"}")
  }
}

/// Runs `body` with a shop of its own.
func withCartShop(_ body: @escaping (CartShop) async -> Void) {
  withLoop { machine in
    let shop = await CartShop(machine)
    await body(shop)
    await shop.database.close()
  }
}
