import Bytes
import Cryptography
import EventLoop
import HTTP
import HTTPCore
import Platform
import Shop

// How replies become answers.
extension Storefront {
  /// Nothing but our own style sheet and pictures; forms only to us; no frames.
  private static let contentSecurityPolicy: StaticString = """
    default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'
    """

  /// A visit with this request.
  @inline(never)
  func visit(_ request: Request) -> Visit {
    Visit(
      request, Visitor(cookies: request.fieldList(.cookie), seal: seal, entropy: entropy), seal,
      until: loop.now + Self.patience)
  }

  /// The whole answer: 304 for a page that has not changed.
  @inline(never)
  func response(_ reply: Reply, _ visit: Visit) -> Response {
    var fields: [(name: String, value: String)] = [("referrer-policy", "no-referrer")]
    for cookie in visit.visitor.cookiesToSet { fields.append(("set-cookie", cookie)) }
    if let field = reply.extraField { fields.append(field) }
    fields.append(("cache-control", reply.isCacheable ? "private, no-cache" : "no-store"))
    if let link = reply.link { fields.append(("location", link.text)) }
    guard let page = reply.page else { return Response(reply.status, fields: fields) }
    fields += [
      ("content-type", "text/html; charset=utf-8"),
      ("content-security-policy", String(literal: Self.contentSecurityPolicy)),
      ("x-content-type-options", "nosniff"), ("cross-origin-opener-policy", "same-origin"),
    ]
    let bytes = page.document(visit, assets).bytes
    if reply.isCacheable {
      let tag = EntityTag(Hex.encode(Array(SHA256.hash(bytes)[..<16])))
      fields += [("vary", "cookie"), ("etag", tag.text)]
      if EntityTagCondition(visit.request.fieldList(.ifNoneMatch)).matchesWeakly(tag) {
        return Response(.notModified, fields: fields)
      }
    }
    return Response(reply.status, fields: fields, body: .bytes(bytes))
  }
}
