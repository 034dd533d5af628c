import Bytes
import CatalogAPI
import HTTPCore

/// The shop window: products by search, tag and order, a page at a time.
struct HomePage {
  /// What the visitor asked for.
  struct Request {
    var search = ""
    var tags: [String] = []
    var sort = ""
    var cursor = ""

    /// Characters of a search; what is longer is cut.
    static let maximumSearchLength = 200
    /// Tags; further ones are left out, as the catalog takes no more.
    static let maximumTagCount = 20
    /// Characters of a tag; no product has a longer one.
    static let maximumTagLength = 50
    /// Characters of a cursor; what is longer is cut, and so none that the catalog takes.
    static let maximumCursorLength = 400
    /// The sort orders that the catalog knows and visitors may ask for.
    static let sortOrders: [(value: StaticString, label: StaticString)] = [
      ("name", "Name"), ("price", "Price, rising"), ("-price", "Price, falling"), ("newest", "Newest first"),
    ]

    /// What the query of an address asks for. Bounded: a page repeats it in each of its links.
    @inline(never)
    init(_ query: Query) {
      search = FormFields.clean(query.first("q") ?? "").prefix(scalarCount: Self.maximumSearchLength)
      for tag in query.all("tag") where tags.count < Self.maximumTagCount {
        let tag = FormFields.clean(tag)
        let isTooLong = tag.prefix(scalarCount: Self.maximumTagLength).byteCount < tag.byteCount
        if !tag.isEmpty && !isTooLong && !has(tag) { tags.append(tag) }
      }
      let wanted = query.first("sort")
      for order in Self.sortOrders where String(literal: order.value) == wanted { sort = wanted ?? "" }
      cursor = (query.first("cursor") ?? "").prefix(scalarCount: Self.maximumCursorLength)
    }

    /// Whether `tag` was asked for.
    @inline(never)
    func has(_ tag: String) -> Bool {
      for chosen in tags where chosen == tag { return true }
      return false
    }

    /// The address that asks for this from its start, or from `cursor` on. `tag` is asked for when it is not here, and
    /// not when it is.
    @inline(never)
    func link(turning tag: String? = nil, cursor: String? = nil) -> Link {
      var link = Link("/").query("q", search)
      for chosen in tags where chosen != tag { link = link.query("tag", chosen) }
      if let tag, !has(tag) { link = link.query("tag", tag) }
      return link.query("sort", sort).query("cursor", cursor)
    }
  }

  var request: Request
  var found: ProductPage
  /// All tags of the shop with their number of products, the most frequent first.
  var tags: [TagCount]

  /// Tags that show without being asked for.
  static let openTagCount = 10
  /// Bytes of the list of the other tags, which ends behind them: 100 to 200 tags, fewer when each has to repeat a long
  /// query.
  static let maximumRestByteCount = 16 << 10

  func page() -> Page {
    let title = title
    return Page(
      title: title,
      content: """
        <div class="hero"><h1>\(title)</h1><p>\(subtitle)</p></div>
        <div class="tools">\(tagList)\(sorting)</div>
        \(found.items.isEmpty ? nothing : grid)
        \(pages)
        """)
  }

  private var title: HTML {
    if !request.search.isEmpty { return "“\(request.search)”" }
    if request.tags.isEmpty { return "Good things, fairly sold" }
    var title = HTML()
    for tag in request.tags { title.append("\(", ", if: !title.isEmpty)\(tag.asciiCapitalized)") }
    return title
  }

  private var subtitle: HTML {
    let things: HTML = "\(found.total) thing\("s", if: found.total != 1)"
    if !request.search.isEmpty { return "\(things) found. <a href=\"/\">See everything</a>" }
    if !request.tags.isEmpty { return "\(things). <a href=\"/\">See everything</a>" }
    return "\(things) under one roof. Look around; nobody hurries you."
  }

  private var tagList: HTML? {
    if tags.isEmpty { return nil }
    // The chosen ones first, so that they can be seen and put back.
    var (open, rest) = (HTML(), HTML())
    var (openCount, restCount) = (0, 0)
    for isChosen in [true, false] {
      for tag in tags where request.has(tag.tag) == isChosen {
        if isChosen || openCount < Self.openTagCount {
          open.append(chip(tag, isChosen))
          openCount += 1
        } else if rest.bytes.count < Self.maximumRestByteCount {
          rest.append(chip(tag, isChosen))
          restCount += 1
        }
      }
    }
    var more: HTML?
    if restCount > 0 {
      more =
        "<details class=\"more-tags\"><summary>\(restCount) more</summary><ul class=\"chips\">\(rest)</ul></details>"
    }
    return """
      <nav class="tags" aria-label="Kinds of goods"><ul class="chips">\(open)</ul>\(more)</nav>
      """
  }

  @inline(never)
  private func chip(_ tag: TagCount, _ isChosen: Bool) -> HTML {
    let count: HTML =
      isChosen
      ? "<small aria-hidden=\"true\">✕</small><span class=\"hidden\">, chosen: take away</span>"
      : "<small>\(tag.count)</small>"
    return """
      <li><a class="chip" href="\(request.link(turning: tag.tag))"\(" aria-current=\"true\"", if: isChosen)>\
      \(tag.tag.asciiCapitalized) \(count)</a></li>
      """
  }

  private var sorting: HTML {
    let isSearch = !request.search.isEmpty
    var hidden = HTML()
    if isSearch { hidden.append(Self.hidden("q", request.search)) }
    for tag in request.tags { hidden.append(Self.hidden("tag", tag)) }
    var options: HTML = "<option value=\"\">\(isSearch ? "Relevance" : "Name")</option>"
    // Without a search the first one is by name already.
    for (value, label) in Request.sortOrders where isSearch || String(literal: value) != "name" {
      let isChosen = request.sort == String(literal: value)
      options.append("<option value=\"\(value)\"\(" selected", if: isChosen)>\(label)</option>")
    }
    return """
      <form class="sort" action="/" method="get">\(hidden)<label for="sort">Order by</label>
      <select id="sort" name="sort">\(options)</select>
      <button class="quiet">Apply</button></form>
      """
  }

  private static func hidden(_ name: StaticString, _ value: String) -> HTML {
    "<input type=\"hidden\" name=\"\(name)\" value=\"\(value)\">"
  }

  private var grid: HTML {
    var cards = HTML()
    for (index, product) in found.items.enumerated() { cards.append(Self.card(product, isFirst: index < 4)) }
    return "<ul class=\"grid\">\(cards)</ul>"
  }

  /// One product as a card; the whole card is its link.
  @inline(never)
  private static func card(_ product: Product, isFirst: Bool) -> HTML {
    """
    <li class="card">\(Piece.picture(product.image, isFirst: isFirst))
    <h2>\(Piece.link(toProduct: product.id, product.name))</h2>
    <p class="facts"><span class="price">\(product.price)</span> \(Piece.stock(product.available))</p></li>

    """
  }

  private var nothing: HTML {
    """
    <div class="empty">\(Piece.closedStall)<h2>Nothing here by that name</h2>
    <p>Try a shorter word, or fewer tags.</p><a class="button" href="/">See everything</a></div>
    """
  }

  private var pages: HTML {
    var (first, more): (HTML?, HTML?)
    if !request.cursor.isEmpty {
      first = "<a class=\"button quiet\" href=\"\(request.link())\">Back to the start</a>"
    }
    if let next = found.next {
      more = "<a class=\"button\" rel=\"next\" href=\"\(request.link(cursor: next))\">More</a>"
    }
    return "<nav class=\"pages\" aria-label=\"Pages\">\(first)\(more)</nav>"
  }
}
