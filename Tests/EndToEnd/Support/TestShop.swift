import Foundation
import JSON
import Testing

@testable import SoukKit

/// A whole shop of its own: four processes or machines, a folder, free ports; started and stopped by `souk`.
final class TestShop: Sendable {
  let folder: String
  // Only held, so that the folder goes with the shop.
  // Never changed; it is only kept alive here.
  nonisolated(unsafe) private let temporary: TemporaryFolder
  let port: UInt16
  let adminToken: String

  /// SOUK_TEST_NET=tap puts every shop of the suite on our own TCP/IP, where that is possible.
  private static let network: [String] =
    !areMachines && ProcessInfo.processInfo.environment["SOUK_TEST_NET"] == "tap"
      && NetworkNamespace.obstacle() == nil
    ? ["--net", "tap"] : []

  /// SOUK_TEST_IP=6 makes every shop of the suite one of IPv6.
  static let version: InternetProtocol =
    ProcessInfo.processInfo.environment["SOUK_TEST_IP"] == "6" ? .v6 : .v4
  static let ip = ["--ip", String(version.rawValue)]

  /// SOUK_TEST_TARGET=qemu makes every shop of the suite one of virtual machines.
  static let areMachines = ProcessInfo.processInfo.environment["SOUK_TEST_TARGET"] == "qemu"
  static let target = areMachines ? ["--target", "qemu"] : []

  /// SOUK_TEST_LAB names the folder of a lab that runs already (`souk lab test`): suites of one shop take that one.
  static let lab = ProcessInfo.processInfo.environment["SOUK_TEST_LAB"]

  /// Whether there is what it takes, and no other network is asked for.
  static let machinesArePossible =
    network.isEmpty && VirtualMachine.obstacle() == nil && MachinePlan(accelerator: .tcg).missingImage == nil

  /// Starts one; `data` continues with the folder of an earlier one.
  init(data: TemporaryFolder? = nil, _ options: [String] = []) throws {
    temporary = try data ?? TemporaryFolder()
    folder = temporary.path + "/shop"
    let answer = try CommandLineTool.run(
      ["up", "--detach", "--json", "--port", "0", "--data", folder] + Self.ip + Self.network + Self.target
        + options)
    guard answer.exitCode == 0 else { throw Failure("the shop does not start: \(answer.errors)") }
    let url = try JSON.parse(Array(answer.output.utf8))["url"]?.string ?? ""
    port = UInt16(url.split(separator: ":").last?.prefix { $0 != "/" } ?? "") ?? 0
    adminToken = Files.text(folder + "/admin-token") ?? ""
  }

  /// The lab that runs in `folder`, which goes on when the suite has ended.
  init(lab folder: String) throws {
    temporary = try TemporaryFolder()
    self.folder = folder
    port = try #require(DataFolder(folder).running(), "no lab runs in \(folder)").port
    adminToken = Files.text(folder + "/admin-token") ?? ""
    isOver = true
  }

  /// Runs a command in the lab's dom0. Returns what it printed; its failure is one of the test.
  @discardableResult
  func dom0(_ command: String) throws -> String {
    let answer = try #require(
      Dom0Command.run(command, in: Lab(DataFolder(folder)), within: 240_000), "dom0 does not answer")
    try #require(answer.status == 0, "\(command): \(answer.status)\n\(answer.output)")
    return answer.output
  }

  /// Whether the folder has gone to another start. Set by the one test that has the shop to itself.
  nonisolated(unsafe) private var isOver = false

  deinit { if !isOver { _ = try? CommandLineTool.run(["down", "--data", folder]) } }

  var client: Client { Client(port: port) }
  var admin: [String: String] { ["authorization": "Bearer \(adminToken)"] }

  /// Stops it and starts it again on the same folder.
  func restarted() throws -> TestShop {
    let answer = try CommandLineTool.run(["down", "--data", folder])
    try #require(answer.exitCode == 0, "\(answer.errors)")
    return try startedAgain()
  }

  /// Starts it again on the same folder, after its supervisor has died.
  func startedAgain(_ options: [String] = []) throws -> TestShop {
    isOver = true
    return try TestShop(data: temporary, options)
  }

  func status() throws -> JSON {
    try JSON.parse(Array(CommandLineTool.run(["status", "--json", "--data", folder]).output.utf8))
  }

  func process(_ service: String) throws -> Int32 {
    let process = try runningProcess(service)
    return try #require(process, "\(service) has no process")
  }

  /// The service's process; nil while it waits to be started again.
  func runningProcess(_ service: String) throws -> Int32? {
    let row = try status()["services"]?.array?.first { $0["service"]?.string == service }
    return row?["pid"]?.integer.map(Int32.init)
  }

  // MARK: Shopping

  /// A product of which `onHand` pieces are there, made by the shop's owner.
  func makeProduct(_ name: String, price: Int = 1000, onHand: Int) throws -> JSON {
    let answer = try client.send(
      .post, "/api/v1/products", admin,
      #"{"sku":"\#(UUID().uuidString)","name":"\#(name)","price":{"amount":\#(price),"currency":"EUR"},"#
        + #""onHand":\#(onHand)}"#)
    try #require(answer.status == 201, "\(answer.text)")
    return answer.json
  }

  func available(_ product: String) throws -> Int64 {
    let answer = try client.get("/api/v1/products/\(product)")
    return try #require(answer.json["available"]?.integer, "\(answer.text)")
  }

  /// Every order, by the owner's list.
  func orders() throws -> [JSON] {
    var orders: [JSON] = []
    var path = "/api/v1/orders?limit=100"
    let client = client
    while true {
      let page = try client.get(path, admin)
      try #require(page.status == 200, "\(page.text)")
      orders += page.json["items"]?.array ?? []
      guard let next = page.json["next"]?.string else { return orders }
      path = "/api/v1/orders?limit=100&cursor=\(next)"
    }
  }
}

/// The shop gave no cart.
struct NoCart: Error {
  let answer: String
}

/// One customer with a connection and a cart.
struct Buyer {
  static let address =
    #"{"name":"Ada Example","line1":"Beispielweg 1","city":"Berlin","postalCode":"10115","country":"DE"}"#

  let client: Client
  let cart: String

  /// Takes a cart.
  init(_ shop: TestShop) throws {
    client = shop.client
    let answer = try client.send(.post, "/api/v1/carts")
    // An error, not an expectation: while a service is killed the caller tries again.
    guard answer.status == 201, let id = answer.json["id"]?.string else { throw NoCart(answer: answer.text) }
    cart = id
  }

  /// Puts `quantity` pieces into the cart.
  @discardableResult
  func put(_ product: String, _ quantity: Int) throws -> Client.Answer {
    try client.send(.put, "/api/v1/carts/\(cart)/items/\(product)", [:], #"{"quantity":\#(quantity)}"#)
  }

  /// What the cart costs with standard shipping.
  func quote(_ method: String = "standard") throws -> Client.Answer {
    try client.send(
      .post, "/api/v1/checkouts", [:],
      #"{"cartId":"\#(cart)","shippingAddress":\#(Self.address),"shippingMethod":"\#(method)"}"#)
  }

  /// The body of an order at the price `total`.
  func order(total: JSON, token: String = "tok_ok") -> String {
    let amount = total["amount"]?.integer ?? -1
    return #"{"cartId":"\#(cart)","email":"ada@example.org","shippingAddress":\#(Self.address),"#
      + #""shippingMethod":"standard","payment":{"token":"\#(token)"},"#
      + #""expectedTotal":{"amount":\#(amount),"currency":"EUR"}}"#
  }

  /// Orders what is in the cart at its present price.
  func buy(token: String = "tok_ok", key: String = UUID().uuidString) throws -> Client.Answer {
    let quote = try quote()
    guard quote.status == 200, let total = quote.json["total"] else { return quote }
    return try send(order(total: total, token: token), key: key)
  }

  func send(_ order: String, key: String) throws -> Client.Answer {
    try client.send(.post, "/api/v1/orders", ["idempotency-key": key], order)
  }
}

/// Runs a suite around one shop, which all of its tests use.
struct OneShop: SuiteTrait, TestScoping {
  @TaskLocal static var running: TestShop?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  )
    async throws
  {
    try await Self.$running.withValue(try TestShop.lab.map { try TestShop(lab: $0) } ?? TestShop()) {
      try await function()
    }
  }
}

extension Trait where Self == OneShop {
  /// One shop for the whole suite, with the demo catalog in it.
  static var oneShop: OneShop { OneShop() }
}

/// The suite's shop.
func theShop() throws -> TestShop { try #require(OneShop.running) }
