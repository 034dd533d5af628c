import CheckoutAPI
import JSON
import Shop
import Testing

@testable import Checkout

/// Writes JSON and reads it again.
struct JSONText {
  mutating func read(_ body: (inout JSONWriter) -> Void) -> JSON {
    var writer = JSONWriter()
    body(&writer)
    return try! JSON.parse(writer.bytes)
  }
}

@Suite struct RequestTests {
  @Test(arguments: [
    "ada@example.org", "a.b+c@sub.example.co", "ö@exämple.de", "o'hara@example.org", "a@b.c2",
    String(repeating: "a", count: 64) + "@example.org",
  ])
  func `an address that mail can reach is taken`(address: String) {
    #expect(EmailAddress.isPlausible(address))
  }

  @Test(arguments: [
    "", "ada", "@example.org", "ada@", "ada@example", "ada@example.", "ada@.org", "ada@@example.org",
    "a b@example.org", ".a@example.org", "a.@example.org", "a..b@example.org", "a@-b.org", "a@b-.org",
    "a@b..org", "a@1.2.3.4", "\"a\"@example.org", "a@[1.2.3.4]", "a@ex ample.org", "a,b@example.org",
    "a<@b.org",
    String(repeating: "a", count: 65) + "@example.org", "a@" + String(repeating: "b", count: 64) + ".org",
    "a@" + String(repeating: "b.", count: 130) + "org",
  ])
  func `an address that no mail server takes is refused`(address: String) {
    #expect(!EmailAddress.isPlausible(address))
  }

  @Test func `a key has 1 to 255 visible ASCII characters`() {
    #expect(IdempotencyKey("a") != nil)
    #expect(IdempotencyKey(String(repeating: "~", count: 255)) != nil)
    #expect(IdempotencyKey("") == nil)
    #expect(IdempotencyKey(String(repeating: "a", count: 256)) == nil)
    #expect(IdempotencyKey("a b") == nil)
    #expect(IdempotencyKey("ä") == nil)
    #expect(IdempotencyKey("a\n") == nil)
  }

  @Test func `the order of members and white space do not make another body, anything else does`() throws {
    func print(_ text: String) throws -> Fingerprint { Fingerprint(of: try JSON.parse(text)) }
    let first = try print(#"{"a": 1, "b": [1, {"c": 2, "d": 3}]}"#)
    #expect(try print(#"{"b":[1,{"d":3,"c":2}],"a":1}"#) == first)
    #expect(try print(#"{"a": 2, "b": [1, {"c": 2, "d": 3}]}"#) != first)
    #expect(try print(#"{"a": 1, "b": [{"c": 2, "d": 3}, 1]}"#) != first)
    #expect(try print(#"{"a": 1, "b": [1, {"c": 2, "d": 3}], "e": null}"#) != first)
  }

  private func errors(_ json: JSON) -> [String] {
    do throws(Problem) {
      _ = try OrderRequest(json, shop: World().shop, isToken: { $0.utf8.starts(with: "tok_".utf8) })
      return []
    } catch {
      return error.errors.map(\.pointer).sorted()
    }
  }

  @Test func `a whole body is taken`() {
    #expect(errors(Buyer.body(cart: "c", expected: 1)) == [])
  }

  @Test func `an empty body names every field that is missing`() {
    #expect(
      errors(.object(JSONObject())) == [
        "/cartId", "/email", "/expectedTotal", "/payment", "/shippingAddress", "/shippingMethod",
      ])
  }

  @Test func `each wrong field is named`() {
    #expect(errors(Buyer.body(cart: "c", email: "no", expected: 1)) == ["/email"])
    #expect(errors(Buyer.body(cart: "c", country: "US", expected: 1)) == ["/shippingAddress/country"])
    #expect(errors(Buyer.body(cart: "c", country: "de", expected: 1)) == ["/shippingAddress/country"])
    #expect(errors(Buyer.body(cart: "c", method: "drone", expected: 1)) == ["/shippingMethod"])
    #expect(errors(Buyer.body(cart: "c", token: "4111", expected: 1)) == ["/payment/token"])
    #expect(errors(Buyer.body(cart: "c", expected: -1)) == ["/expectedTotal/amount"])
    #expect(errors(Buyer.body(cart: "c", expected: 1, currency: "USD")) == ["/expectedTotal/currency"])
  }

  @Test func `address lines have limits`() {
    var writer = JSONText()
    let json = writer.read { body in
      body.object { body in
        body.field("cartId", "c")
        body.field("email", "a@b.org")
        body.key("shippingAddress")
        Address(
          name: String(repeating: "n", count: 201), line1: " ", line2: String(repeating: "l", count: 201),
          city: "x\u{7}", region: String(repeating: "r", count: 101),
          postalCode: String(repeating: "1", count: 21), country: "DE",
          phone: String(repeating: "1", count: 41)
        ).write(to: &body)
        body.field("shippingMethod", "standard")
        body.field("payment", object: { $0.field("token", "tok_ok") })
        body.field("expectedTotal", Money(1, "EUR"))
      }
    }
    #expect(
      errors(json) == [
        "/shippingAddress/city", "/shippingAddress/line1", "/shippingAddress/line2", "/shippingAddress/name",
        "/shippingAddress/phone", "/shippingAddress/postalCode", "/shippingAddress/region",
      ])
  }
}
