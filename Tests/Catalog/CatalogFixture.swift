import Bytes
import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Log
import MachineTesting
import Platform
import Shop
import Storage

@testable import Catalog

/// A catalog with its front and server on the loopback, and clients of it, all on one test loop.
final class CatalogFixture {
  static let adminToken = "admin-token-of-the-tests-0123456789abcdef"
  static let secret = "internal-secret-of-the-tests-0123456789ab"

  let machine: TestMachine
  let catalog: Catalog
  let server: HTTPServer
  let http: HTTPClient
  let client: CatalogClient
  let path: String

  static let settings: KeyedLines = [
    "secret.internal": secret, "secret.admin": adminToken, "shop.currency": "EUR", "shop.tax.DE": "1900",
    "shop.shipping.standard": "490",
  ]

  init(_ machine: TestMachine, path: String? = nil, seed: UInt64 = 1) async throws {
    self.machine = machine
    self.path = path ?? machine.temporaryDirectory() + "/catalog.db"
    let settings = try ServiceSettings(Self.settings)
    let metrics = Metrics()
    catalog = try await Catalog.open(
      .file(path: self.path), settings: settings, worker: machine.worker, loop: machine.loop,
      entropy: SeededEntropy(seed: seed), log: machine.log, metrics: metrics)
    let front = Front(catalog, settings: settings, loop: machine.loop, log: machine.log, metrics: metrics)
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: front)
    self.server = server
    let listener = try machine.network.listen(on: Endpoint(.loopback, port: 0))
    machine.loop.spawn { await server.serve(on: listener) }
    http = HTTPClient(
      network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "catalog")
    client = CatalogClient(http: http, secret: Self.secret, loop: machine.loop)
  }

  func close() async {
    await server.drain(within: .seconds(1))
    await catalog.close()
  }

  var soon: Instant { machine.loop.now + .seconds(20) }

  /// Sends a request; `json` is its body.
  func send(
    _ method: Method, _ target: String, _ json: String? = nil, _ fields: [String: String] = [:]
  ) async throws -> ClientResponse {
    var all: [(name: String, value: String)] = fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    if json != nil && fields["content-type"] == nil { all.append(("content-type", "application/json")) }
    return try await http.send(
      ClientRequest(method, target, fields: all, body: json.map { Array($0.utf8) } ?? []), until: soon)
  }

  /// The same as the shop's owner.
  func admin(
    _ method: Method, _ target: String, _ json: String? = nil, _ fields: [String: String] = [:]
  ) async throws -> ClientResponse {
    var fields = fields
    fields["authorization"] = "Bearer " + Self.adminToken
    return try await send(method, target, json, fields)
  }

  /// The same as another service.
  func service(
    _ method: Method, _ target: String, _ json: String? = nil, _ fields: [String: String] = [:]
  ) async throws -> ClientResponse {
    var fields = fields
    fields["authorization"] = "Bearer " + Self.secret
    return try await send(method, target, json, fields)
  }

  /// Puts a product on sale and answers it.
  @discardableResult
  func make(
    _ sku: String, name: String? = nil, price: Int = 1000, tags: [String] = [], onHand: Int = 0,
    description: String = ""
  ) async throws -> Product {
    var body = JSONWriter()
    body.object { product in
      product.field("sku", sku)
      product.field("name", name ?? sku)
      product.field("description", description)
      product.field("price", Money(Int64(price), "EUR"))
      product.field("onHand", onHand)
      product.field("tags", array: { list in for tag in tags { list.value(tag) } })
    }
    let answer = try await admin(.post, "/api/v1/products", String(decoding: body.bytes, as: UTF8.self))
    guard answer.status == .created, let product = Product(answer.json) else {
      throw Surprise("\(answer.status.code) \(answer.text)")
    }
    return product
  }

  /// The public answer about a product.
  func get(_ id: String) async throws -> Product {
    let answer = try await send(.get, Product.path(of: id))
    guard answer.status == .ok, let product = Product(answer.json) else {
      throw Surprise("\(answer.status.code) \(answer.text)")
    }
    return product
  }
}

/// Something a test did not expect, in words.
struct Surprise: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension ClientResponse {
  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSON { (try? JSON.parse(body)) ?? .null }
  var problem: ProblemType? { json["type"]?.string.flatMap { ProblemType(path: $0) } }
  /// Pointers of a 422.
  var pointers: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }
  /// Names of the items of a list.
  var names: [String] { (json["items"]?.array ?? []).compactMap { $0["name"]?.string } }
}

/// Runs a test with a catalog on a loop of its own.
func withCatalog(_ body: @escaping (CatalogFixture) async throws -> Void) throws {
  let result: Result<Void, any Error> = withLoop { machine in
    do {
      let fixture = try await CatalogFixture(machine)
      do {
        try await body(fixture)
        await fixture.close()
      } catch {
        await fixture.close()
        throw error
      }
      return .success(())
    } catch {
      return .failure(error)
    }
  }
  try result.get()
}

/// Runs `body` in one transaction of a fresh catalog database, off the loop.
func withTables<T: Sendable>(
  _ body: @escaping @Sendable (Connection) throws(StorageError) -> T
) throws -> T {
  let result: Result<T, StorageError> = withLoop { machine in
    do throws(StorageError) {
      let database = try await Database.open(
        .file(path: machine.temporaryDirectory() + "/catalog.db"), service: "catalog",
        migrations: Schema.migrations, worker: machine.worker, loop: machine.loop, entropy: machine.entropy,
        log: machine.log)
      let value = try await database.write { (connection) throws(StorageError) in
        .commit(try body(connection))
      }
      await database.close()
      return .success(value)
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}
