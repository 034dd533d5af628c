import Bytes
import Shop

/// A page that says what went wrong and what to do now. Nothing of the shop's inside shows on it.
struct NoticePage {
  var title: String
  var text: String
  /// Where to go from here.
  var action: (label: String, link: Link) = ("Back to the shop", Link("/"))

  func page() -> Page {
    Page(
      title: title,
      content: """
        <div class="empty">\(Piece.closedStall)<h1>\(title)</h1><p>\(text)</p>
        <a class="button" href="\(action.link)">\(action.label)</a></div>
        """)
  }

  static let notFound = NoticePage(
    title: "There is nothing at this stall",
    text: "The page is gone, or the address has a slip of the pen in it.")

  static let unavailable = NoticePage(
    title: "Closed for a moment",
    text:
      "A part of the shop does not answer just now. Nothing of yours is lost; please try again in a minute.")

  static let formExpired = NoticePage(
    title: "This form has expired",
    text:
      "It was opened in another browser, or before cookies were cleared. Go back, reload the page and send "
      + "it again; nothing was changed.")

  static let badForm = NoticePage(
    title: "This form could not be read",
    text: "Go back and send it again. Nothing was changed.")
}
