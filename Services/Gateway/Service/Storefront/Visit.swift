import CartAPI
import HTTP
import HTTPCore
import Platform
import Shop

/// A request for a page: who asks, and what stands around the page's own content. An object, so that it goes through
/// asynchronous functions in one word.
final class Visit {
  /// The request.
  let request: Request
  /// The id under which the services know it.
  let trace: RequestTrace
  /// Who sends it.
  private(set) var visitor: Visitor
  /// Pieces in the visitor's cart; nil when that is not known.
  var pieceCount: Int?
  /// Whether the page asks how many there are. Not when it knows, and not when a service is down.
  var asksForPieceCount = true
  /// What stands in the search box.
  var search = ""
  /// When all that the page asks must be answered. A form that has arrived begins it anew, and so does an order, which
  /// has a time of its own.
  var deadline: Instant
  private let seal: Seal

  /// A visit with `request`.
  init(_ request: Request, _ visitor: Visitor, _ seal: Seal, until deadline: Instant) {
    self.deadline = deadline
    self.request = request
    self.visitor = visitor
    self.seal = seal
    trace = RequestTrace(requestID: request.id, traceparent: request.traceparent)
  }

  /// The token that every form carries.
  var formToken: String { seal.formToken(session: visitor.session) }

  /// Whether a form with this token was given to this visitor. One whose session began with this very request was
  /// given none.
  func mayHaveSent(token: String) -> Bool {
    visitor.cookiesToSet.isEmpty && seal.isFormToken(token, session: visitor.session)
  }

  /// Remembers a new cart for this visitor.
  func remember(_ cart: Cart) { visitor.remember(cartID: cart.id, seal: seal) }
}

/// What a visit is answered with: a page, or where to go instead.
final class Reply {
  let status: Status
  let page: Page?
  let link: Link?
  /// Whether a browser may keep the page and must ask about it; else nobody may.
  let isCacheable: Bool
  /// A field of this answer alone.
  let extraField: (name: String, value: String)?

  @inline(never)
  private init(
    _ status: Status, _ page: Page?, _ link: Link?, isCacheable: Bool,
    _ extraField: (name: String, value: String)?
  ) {
    self.status = status
    self.page = page
    self.link = link
    self.isCacheable = isCacheable
    self.extraField = extraField
  }

  /// A page that nobody may keep.
  convenience init(_ status: Status, _ page: Page, with extraField: (name: String, value: String)? = nil) {
    self.init(status, page, nil, isCacheable: false, extraField)
  }

  /// A page that a browser may keep and must ask about.
  convenience init(cacheable page: Page) { self.init(.ok, page, nil, isCacheable: true, nil) }

  /// Go there and ask with GET (RFC 9110 §15.4.4), so that a reload sends no form again.
  convenience init(_ link: Link) { self.init(.seeOther, nil, link, isCacheable: false, nil) }

  /// For what may be tried again in a moment.
  static let soon = (name: "retry-after", value: "5")
}

/// Why a page cannot be shown.
enum PageError: Error {
  /// Show this instead.
  case notice(Status, Notice)
  /// A service gave no usable answer.
  case service(ServiceError)
}
