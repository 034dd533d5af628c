import CheckoutAPI
import EventLoop
import HTTP
import HTTPCore
import JSON
import Log
import MachineTesting
import Platform
import Shop
import Storage

@testable import Checkout

/// Checkout behind a real server on the loopback, with fakes for its neighbours.
final class ShopBench {
  static let adminToken = "admin-0123456789abcdef0123456789"
  let world: World
  let machine: TestMachine
  let checkout: Checkout
  private let server: HTTPServer
  private let client: HTTPClient

  private init(_ world: World, _ machine: TestMachine, _ checkout: Checkout, _ settings: ServiceSettings) {
    self.world = world
    self.machine = machine
    self.checkout = checkout
    let metrics = Metrics()
    let front = Front(checkout, settings: settings, loop: machine.loop, log: machine.log, metrics: metrics)
    server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: front)
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    client = HTTPClient(
      network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "checkout")
    let server = server
    machine.loop.spawn { await server.serve(on: listener) }
  }

  /// Opens checkout on a new database, waits until it has recovered, and runs `body`.
  static func run(_ body: @escaping (ShopBench) async -> Void) {
    withLoop { machine in
      let world = World()
      world.addProduct("a", price: 1299, onHand: 5)
      world.addCart("cart", [("a", 2)])
      let settings = try! ServiceSettings([
        "shop.currency": "EUR", "shop.taxIncluded": "false", "shop.tax.DE": "1900",
        "shop.shipping.standard": "490", "shop.shipping.express": "990",
        "secret.internal": "internal-0123456789abcdef0123456789", "secret.admin": adminToken,
      ])
      let scene = Scene(world: world, loop: machine.loop, life: 0)
      let checkout = try! await Checkout.open(
        .file(path: world.path), settings: settings, stock: FakeStock(scene), carts: FakeCarts(scene),
        worker: machine.worker,
        loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics())
      let bench = ShopBench(world, machine, checkout, settings)
      while await checkout.isReady() != .ready { await machine.loop.sleep(for: .milliseconds(1)) }
      await body(bench)
      await bench.server.drain()
      await checkout.close()
    }
  }

  func send(
    _ method: Method, _ target: String, _ fields: [(name: String, value: String)] = [], body: [UInt8] = []
  ) async -> ClientResponse {
    try! await client.send(
      ClientRequest(method, target, fields: fields, body: body), until: machine.loop.now + .seconds(30))
  }

  func post(
    _ target: String, _ json: JSON, key: String? = nil, _ fields: [(name: String, value: String)] = []
  ) async -> ClientResponse {
    var fields = fields
    fields.append(("content-type", "application/json"))
    if let key { fields.append(("idempotency-key", key)) }
    return await send(.post, target, fields, body: json.serialized())
  }

  func order(
    _ key: String?, cart: String = "cart", token: String = "tok_ok", expected: Int64 = CrashTests.total
  )
    async -> ClientResponse
  {
    await post("/api/v1/orders", Buyer.body(cart: cart, token: token, expected: expected), key: key)
  }
}

extension ClientResponse {
  var json: JSON { (try? JSON.parse(body)) ?? .null }
  var problem: String? { json["type"]?.string }
  var pointers: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }
}
