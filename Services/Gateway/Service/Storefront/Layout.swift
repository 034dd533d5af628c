import Bytes

/// One page: what differs from the others.
struct Page {
  /// Of the window, without the shop's name.
  var title: HTML
  /// Inside `main`; holds the one `h1`.
  var content: HTML

  /// The whole document. One request for it, one for its style sheet; pictures load when they come into view.
  func document(_ visit: Visit, _ assets: Assets) -> HTML {
    var cartLabel: HTML?
    if let count = visit.pieceCount, count > 0 {
      cartLabel = "<span class=\"count\">\(count)<span class=\"hidden\"> in it</span></span>"
    }
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <title>\(title) · Souk</title>
      <meta name="viewport" content="width=device-width,initial-scale=1">
      <meta name="theme-color" content="#b5482b">
      <link rel="stylesheet" href="\(assets.styleSheetLink)">
      <link rel="icon" type="image/svg+xml" href="\(assets.iconLink)">
      </head>
      <body>
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
      <div class="awning"></div>
      <div class="wrap">
      <a class="brand" href="/"><svg viewBox="0 0 28 32" aria-hidden="true">\
      <path d="M0 32V12C0 6 9 5 14 0c5 5 14 6 14 12v20h-7V16c0-4-4-4-7-8-3 4-7 4-7 8v16z"/></svg>Souk</a>
      <form class="search" role="search" action="/" method="get">
      <label class="hidden" for="q">Search the shop</label>
      <input id="q" name="q" type="search" value="\(visit.search)" placeholder="Search the shop" maxlength="200">
      <button>Search</button>
      </form>
      <nav aria-label="Your purchase"><a class="cart-link" href="/cart"><svg viewBox="0 0 24 24" aria-hidden="true">\
      <path d="M3 9h18l-2 11H5zM8 9l3-6M16 9l-3-6"/></svg>Cart \(cartLabel)</a></nav>
      </div>
      </header>
      <main id="main" tabindex="-1"><div class="wrap">
      \(content)
      </div></main>
      <footer><div class="wrap"><p>Souk, a marketplace made of unikernels.</p>\
      <p>A demonstration: payments are tests, and no card number is ever asked for.</p></div></footer>
      </body>
      </html>

      """
  }
}

/// Small pieces that several pages share.
enum Piece {
  /// A product's picture in the shop's arch. Decorative: its name stands beside it.
  static func picture(_ image: String, isFirst: Bool = false) -> HTML {
    guard let link = Link(served: image) else { return "<div class=\"arch\"></div>" }
    return """
      <div class="arch"><img src="\(link)" alt="" width="480" height="480"\
      \(" loading=\"lazy\" decoding=\"async\"", if: !isFirst)></div>
      """
  }

  /// A product's name that leads to its page.
  @inline(never)
  static func link(toProduct id: String, _ name: String) -> HTML {
    "<a href=\"\(Link("/products").segment(id))\">\(name)</a>"
  }

  /// How much there is, in words and colour.
  static func stock(_ available: Int) -> HTML {
    switch available {
    case ...0: "<span class=\"badge none\">Sold out</span>"
    case 1...5: "<span class=\"badge few\">Only \(available) left</span>"
    default: "<span class=\"badge\">In stock</span>"
    }
  }

  /// A message above the content. `role` makes screen readers say it.
  @inline(never)
  static func note(_ kind: StaticString, _ title: StaticString, _ body: HTML) -> HTML {
    "<div class=\"\(kind)\" role=\"status\"><h2>\(title)</h2>\(body)</div>"
  }

  /// The hidden field that proves a form is ours.
  @inline(never)
  static func formToken(_ visit: Visit) -> HTML {
    "<input type=\"hidden\" name=\"token\" value=\"\(visit.formToken)\">"
  }

  /// A stall, closed: what empty and failed pages show.
  static let closedStall: StaticString = """
    <svg viewBox="0 0 136 152" aria-hidden="true"><path fill="var(--sand)" d="M4 152V56C4 28 46 22 68 0c22 22 64 28 64 \
    56v96z"/><g fill="none" stroke="var(--edge)" stroke-width="2"><path d="M22 152V64c0-20 30-24 46-40 16 16 46 20 46 \
    40v88"/><path d="M22 84h92M22 98h92M22 112h92M22 126h92M22 140h92"/></g><g fill="var(--stripe)"><path \
    d="M22 62h18v13a9 9 0 0 1-18 0zM58 62h19v13a9 9 0 0 1-19 0zM95 62h19v13a9 9 0 0 1-19 0z"/></g>\
    <g fill="var(--stripe-2)"><path d="M40 62h18v13a9 9 0 0 1-18 0zM77 62h18v13a9 9 0 0 1-18 0z"/></g></svg>
    """
}
