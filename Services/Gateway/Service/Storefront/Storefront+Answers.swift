import Bytes
import CartAPI
import Cryptography
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop
import _Concurrency

// How pages become answers.
extension Storefront {
  /// Nothing but our own style sheet and pictures; forms only to us; no frames.
  static let contentSecurityPolicy =
    "default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self'; base-uri 'none'; "
    + "frame-ancestors 'none'"

  /// Who sends this request.
  func visitor(of request: Request) -> Visitor {
    Visitor(cookies: request.field(.cookie), seal: seal, entropy: entropy)
  }

  /// The id under which the services know this request.
  func trace(of request: Request) -> RequestTrace {
    RequestTrace(requestID: request.id, traceparent: request.traceparent)
  }

  /// When a page's questions must be answered.
  var deadline: Instant { loop.now + Self.patience }

  /// What the page of this visitor needs. The number in the cart is a luxury: without an answer it is left
  /// out.
  func context(for request: Request, _ visitor: Visitor, count: Bool = true) async -> PageContext {
    var context = PageContext(assets: assets, formToken: seal.formToken(session: visitor.session))
    guard count, let id = visitor.cartID else { return context }
    do throws(CartError) {
      let cart = try await carts.get(id: id, until: loop.now + Self.luxuryPatience, trace: trace(of: request))
      if cart.pieceCount > 0 { context.cartCount = Int(cart.pieceCount) }
    } catch {}
    return context
  }

  /// A page that asks for its own context.
  func page(
    _ status: Status, _ page: Page, for request: Request, _ visitor: Visitor, count: Bool = true
  ) async -> Response {
    answer(status, page, await context(for: request, visitor, count: count), visitor)
  }

  /// A page that nobody may keep.
  func answer(_ status: Status, _ page: Page, _ context: PageContext, _ visitor: Visitor) -> Response {
    var fields = Self.fields(visitor)
    fields.append(("cache-control", "no-store"))
    return Response(status, fields: fields, body: .bytes(page.document(context).bytes))
  }

  /// A page that a browser may keep and must ask about: 304 when it has not changed.
  func cacheable(_ page: Page, _ context: PageContext, _ visitor: Visitor, _ request: Request) -> Response {
    let bytes = page.document(context).bytes
    let tag = EntityTag(Hex.encode(Array(SHA256.hash(bytes)[..<16])))
    var fields = Self.fields(visitor)
    fields.append(("cache-control", "private, no-cache"))
    fields.append(("vary", "cookie"))
    fields.append(("etag", tag.text))
    if let condition = request.field(.ifNoneMatch), EntityTagCondition(condition).matchesWeakly(tag) {
      return Response(.notModified, fields: fields)
    }
    return Response(.ok, fields: fields, body: .bytes(bytes))
  }

  /// Go there and ask with GET (RFC 9110 §15.4.4), so that a reload sends no form again.
  func redirect(_ link: Link, _ visitor: Visitor) -> Response {
    var fields: [(name: String, value: String)] = [
      ("location", link.text), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
    ]
    for cookie in visitor.cookiesToSet { fields.append(("set-cookie", cookie)) }
    return Response(.seeOther, fields: fields)
  }

  private static func fields(_ visitor: Visitor) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("content-type", "text/html; charset=utf-8"), ("content-security-policy", contentSecurityPolicy),
      ("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"),
      ("cross-origin-opener-policy", "same-origin"),
    ]
    for cookie in visitor.cookiesToSet { fields.append(("set-cookie", cookie)) }
    return fields
  }
}
