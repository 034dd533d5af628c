// RFC 6265bis §4.1 and RFC 2104 before changing this file.

import Bytes
import Cryptography
import HTTPCore
import Platform
import Shop

/// Signs what the storefront gives to browsers and wants back unchanged: the visitor's session, the name of
/// their cart, and a token on every form. HMAC-SHA256; every purpose has its own prefix, so none can pass for
/// another.
///
/// A cookie only says which cart's page to show. The API takes no authority from it: whoever calls the API
/// must know the cart's id.
struct Seal {
  private let key: [UInt8]

  /// A seal with the shop's cookie secret.
  init(secret: String) { key = Array(secret.utf8) }

  /// What a signed value is for.
  enum Purpose: UInt8 { case session = 1, cart, form }

  /// `value`, a dot, and the signature.
  func sign(_ value: String, for purpose: Purpose) -> String { value + "." + tag(value, purpose) }

  /// The value of a signed text; nil when the signature is not ours, or the value is no id.
  func open(_ signed: String, for purpose: Purpose) -> String? {
    guard signed.byteCount <= Self.maximumSignedLength,
      let dot = signed.offset(ofLast: UInt8(ascii: "."))
    else { return nil }
    let value = signed.cut(0..<dot)
    guard Identifier.isWellFormed(value), isTag(signed.dropping(byteCount: dot + 1), of: value, for: purpose)
    else { return nil }
    return value
  }

  /// The token that forms of this session carry.
  func formToken(session: String) -> String { tag(session, .form) }

  /// Whether `token` came out of a form that this session was given.
  func isFormToken(_ token: String, session: String) -> Bool {
    isTag(token, of: session, for: .form)
  }

  /// An id, a dot, and a signature.
  static let maximumSignedLength = 128

  private func tag(_ value: String, _ purpose: Purpose) -> String {
    Base64URL.encode(HMACSHA256.authenticate([purpose.rawValue] + Array(value.utf8), key: key))
  }

  private func isTag(_ tag: String, of value: String, for purpose: Purpose) -> Bool {
    constantTimeEqual(Array(tag.utf8), Array(self.tag(value, purpose).utf8))
  }
}

/// Who visits: what their cookies say, and what must be set.
struct Visitor {
  /// An id of ours, the same as long as the browser runs.
  var session: String
  /// The cart that the cookie names.
  var cartID: String?
  /// `Set-Cookie` values that the answer must carry.
  var cookiesToSet: [String] = []

  /// Bytes of all `Cookie` fields that are looked at; more are treated as none.
  static let maximumCookieByteCount = 8192
  static let sessionCookie = "souk_session"
  static let cartCookie = "souk_cart"
  /// As long as carts live.
  static let cartLifetimeSeconds = 30 * 86400

  /// Reads the cookies; a visitor without a session gets one.
  @inline(never)
  init(cookies: String, seal: Seal, entropy: any Entropy) {
    let cookies = cookies.byteCount <= Self.maximumCookieByteCount ? cookies : ""
    func open(_ name: String, _ purpose: Seal.Purpose) -> String? {
      guard let signed = Cookie.value(name, in: cookies) else { return nil }
      return seal.open(signed, for: purpose)
    }
    cartID = open(Self.cartCookie, .cart)
    if let known = open(Self.sessionCookie, .session) {
      session = known
    } else {
      session = Identifier.make(entropy)
      set(Self.sessionCookie, seal.sign(session, for: .session), lifetime: "")
    }
  }

  /// Remembers a cart for this visitor.
  mutating func remember(cartID: String, seal: Seal) {
    self.cartID = cartID
    set(
      Self.cartCookie, seal.sign(cartID, for: .cart),
      lifetime: "; Max-Age=" + String(Self.cartLifetimeSeconds))
  }

  private mutating func set(_ name: String, _ value: String, lifetime: String) {
    cookiesToSet.append(name + "=" + value + "; Path=/; HttpOnly; SameSite=Lax" + lifetime)
  }
}
