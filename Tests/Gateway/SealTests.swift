import MachineTesting
import Shop
import Testing

@testable import Gateway

struct SealTests {
  private let seal = Seal(secret: String(repeating: "0123456789abcdef", count: 4))
  private let id = Identifier.make(SeededEntropy(seed: 1))

  @Test func `a signed value opens for its own purpose only`() {
    let signed = seal.sign(id, for: .cart)
    #expect(seal.open(signed, for: .cart) == id)
    #expect(seal.open(signed, for: .session) == nil)
  }

  @Test func `a changed signature or value does not open`() {
    let signed = seal.sign(id, for: .cart)
    for index in signed.indices {
      var changed = signed
      changed.replaceSubrange(index...index, with: signed[index] == "A" ? "B" : "A")
      #expect(
        seal.open(changed, for: .cart) == nil, "at \(signed.distance(from: signed.startIndex, to: index))")
    }
    #expect(seal.open(String(signed.dropLast()), for: .cart) == nil)
    #expect(seal.open(id, for: .cart) == nil)
    #expect(seal.open("", for: .cart) == nil)
    #expect(seal.open(String(repeating: "x", count: 10_000), for: .cart) == nil)
  }

  @Test func `another secret signs otherwise`() {
    let other = Seal(secret: String(repeating: "f", count: 64))
    #expect(other.open(seal.sign(id, for: .cart), for: .cart) == nil)
  }

  @Test func `a form's token belongs to one session and is no signature of anything else`() {
    let token = seal.formToken(session: id)
    #expect(seal.isFormToken(token, session: id))
    #expect(!seal.isFormToken(token, session: Identifier.make(SeededEntropy(seed: 2))))
    #expect(!seal.isFormToken("", session: id))
    #expect(seal.open(id + "." + token, for: .session) == nil)
  }

  @Test func `a visitor without cookies gets a session, one with cookies keeps it`() throws {
    let entropy = SeededEntropy(seed: 3)
    let first = Visitor(cookies: "", seal: seal, entropy: entropy)
    #expect(first.cookiesToSet.count == 1)
    let cookie = try #require(first.cookiesToSet.first)
    #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
    var pair = String(cookie.prefix { $0 != ";" })
    pair += "; other=1; souk_cart=" + seal.sign(id, for: .cart)
    let again = Visitor(cookies: pair, seal: seal, entropy: entropy)
    #expect(again.session == first.session)
    #expect(again.cartID == id)
    #expect(again.cookiesToSet.isEmpty)
  }

  @Test func `a forged or huge cookie is none`() {
    let entropy = SeededEntropy(seed: 4)
    #expect(Visitor(cookies: "souk_cart=\(id).AAAA", seal: seal, entropy: entropy).cartID == nil)
    let huge = "souk_cart=" + seal.sign(id, for: .cart) + "; x=" + String(repeating: "y", count: 9000)
    #expect(Visitor(cookies: huge, seal: seal, entropy: entropy).cartID == nil)
  }
}
