import HTTPCore
import JSON
import Testing

extension EndToEnd {
  @Suite(.oneShop) struct Contract {
    let shop: TestShop
    let client: Client

    init() throws {
      shop = try theShop()
      client = shop.client
    }

    @Test func `every refusal is a problem document`() throws {
      let cases: [(method: Method, path: String, fields: [String: String], body: String?, status: Int)] = [
        (.get, "/api/v1/nothing", [:], nil, 404),
        (.get, "/api/v1/products/none", [:], nil, 404),
        (.patch, "/api/v1/carts/x", [:], nil, 405),
        (.post, "/api/v1/products", [:], "{}", 401),
        (.post, "/api/v1/orders", ["idempotency-key": "k", "content-type": "text/plain"], "{}", 415),
        (.post, "/api/v1/orders", ["idempotency-key": "k"], "{", 400),
        (.post, "/api/v1/orders", ["idempotency-key": "k"], "{}", 422),
        (.get, "/api/v1/products?limit=0", [:], nil, 422),
        (.get, "/api/v1/products?cursor=wrong", [:], nil, 400),
        (.post, "/api/v1/checkouts", [:], "{\"a\":\"\(String(repeating: "x", count: 1 << 20))\"}", 413),
      ]
      for (method, path, fields, body, status) in cases {
        let answer = try shop.client.send(method, path, fields, body)
        #expect(answer.status == status, "\(method) \(path): \(answer.text)")
        #expect(
          answer.field("content-type")?.hasPrefix("application/problem+json") == true, "\(method) \(path)")
        #expect(answer.json["status"]?.integer == Int64(status), "\(method) \(path)")
        #expect(answer.json["type"]?.string?.hasPrefix("/problems/") == true, "\(method) \(path)")
      }
    }

    @Test func `a refusal names what would be allowed`() throws {
      #expect(try client.send(.patch, "/api/v1/carts").field("allow")?.contains("POST") == true)
      let unknown = try client.send(.post, "/api/v1/products", [:], "{}")
      #expect(unknown.field("www-authenticate")?.hasPrefix("Bearer") == true)
      let errors = try client.send(.post, "/api/v1/checkouts", [:], "{}").json["errors"]?.array ?? []
      #expect(errors.contains { $0["pointer"]?.string == "/cartId" })
    }

    @Test func `what services say to each other is not for the public`() throws {
      for path in ["/internal/v1/holds", "/api/v1/../../internal/v1/holds", "/metrics", "/livez", "/readyz"] {
        let answer = try client.get(path, shop.admin)
        #expect(answer.status == 404 || answer.status == 400, "\(path): \(answer.status)")
      }
    }

    @Test func `every service tells its metrics and its health on its own port`() throws {
      for row in try #require(shop.status()["services"]?.array) {
        let address = try #require(row["adminAddress"]?.string ?? row["address"]?.string)
        let port = try #require(UInt16(address.split(separator: ":").last ?? ""))
        #expect(port != shop.port)
        let own = Client(port: port)
        #expect(try own.get("/livez").status == 200)
        #expect(try own.get("/readyz").status == 200)
        let metrics = try own.get("/metrics")
        #expect(metrics.status == 200)
        #expect(metrics.text.contains("# TYPE"))
      }
    }

    @Test func `a request keeps its name, and an unusable one is replaced`() throws {
      let named = try client.get("/api/v1/tags", ["x-request-id": "abc-123"])
      #expect(named.field("x-request-id") == "abc-123")
      let other = try client.get("/api/v1/tags", ["x-request-id": "no spaces please"])
      #expect(other.field("x-request-id") != nil)
      #expect(other.field("x-request-id") != "no spaces please")
    }

    @Test func `the storefront works without scripts`() throws {
      let home = try client.get("/")
      #expect(home.status == 200)
      #expect(home.field("content-type")?.hasPrefix("text/html") == true)
      #expect(home.field("content-security-policy") != nil)
      #expect(home.field("referrer-policy") == "no-referrer")
      #expect(home.text.contains("<form"))
      #expect(!home.text.contains("<script"))
    }

    @Test func `HEAD and If-None-Match work through the gateway`() throws {
      let product = try shop.makeProduct("Steady Stool", onHand: 1)
      let path = try "/api/v1/products/" + #require(product["id"]?.string)
      let whole = try client.get(path)
      let tag = try #require(whole.field("etag"))
      #expect(try client.get(path, ["if-none-match": tag]).status == 304)
      let head = try client.send(.head, path)
      #expect(head.status == 200)
      #expect(head.body.isEmpty)
      #expect(head.field("content-length") == String(whole.body.count))
    }

    @Test func `nothing private is in the logs`() throws {
      let product = try shop.makeProduct("Secret Sofa", onHand: 1)
      let buyer = try Buyer(shop)
      try buyer.put(#require(product["id"]?.string), 1)
      let order = try buyer.buy()
      try #require(order.status == 201, "\(order.text)")
      _ = try client.get(#require(order.field("location")))
      let logs = try CommandLineTool.run(["logs", "-n", "100000", "--data", shop.folder]).output
      #expect(!logs.isEmpty)
      for secret in [
        "ada@example.org", "Beispielweg", "tok_ok", shop.adminToken, buyer.cart,
        try #require(order.json["id"]?.string),
      ] {
        #expect(!logs.contains(secret), "the logs hold \(secret)")
      }
    }
  }
}
