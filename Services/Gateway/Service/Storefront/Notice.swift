import Bytes

/// A page that says what went wrong and what to do now. Nothing of the shop's inside shows on it.
enum Notice {
  case notFound, unavailable, formExpired, badForm, movedOn, cartGone

  private var title: StaticString {
    switch self {
    case .notFound: "There is nothing at this stall"
    case .unavailable: "Closed for a moment"
    case .formExpired: "This form has expired"
    case .badForm: "This form could not be read"
    case .movedOn: "This page has moved on"
    case .cartGone: "This cart is no longer there"
    }
  }

  private var text: StaticString {
    switch self {
    case .notFound: "The page is gone, or the address has a slip of the pen in it."
    case .unavailable:
      "A part of the shop does not answer just now. Nothing of yours is lost; please try again in a minute."
    case .formExpired:
      """
      It was opened in another browser, or before cookies were cleared. Go back, reload the page and send it again; \
      nothing was changed.
      """
    case .badForm: "Go back and send it again. Nothing was changed."
    case .movedOn: "The list has changed since the link was made. Begin again from its start."
    case .cartGone:
      """
      It was ordered already, emptied, or it expired. If you ordered it, the order&#39;s page is in your history.
      """
    }
  }

  /// The page, with where to go from here.
  var page: Page {
    let onward: StaticString =
      self == .cartGone
      ? "<a class=\"button\" href=\"/cart\">See the cart</a>"
      : "<a class=\"button\" href=\"/\">Back to the shop</a>"
    return Page(
      title: "\(title)",
      content: """
        <div class="empty">\(Piece.closedStall)<h1>\(title)</h1><p>\(text)</p>
        \(onward)</div>
        """)
  }
}
