import Bytes
import CatalogAPI
import Shop

/// The shop window: products by search, tag and order, a page at a time.
struct HomePage {
  /// What the visitor asked for.
  struct Request: Equatable {
    var search = ""
    var tags: [String] = []
    var sort = ""
    var cursor = ""

    /// Whether this is the window without any wish.
    var isPlain: Bool { search.isEmpty && tags.isEmpty && sort.isEmpty && cursor.isEmpty }

    /// The address that asks for this.
    var link: Link {
      var link = Link("/").query("q", search)
      for tag in tags { link = link.query("tag", tag) }
      return link.query("sort", sort).query("cursor", cursor)
    }
  }

  var request: Request
  var products: [Product]
  /// The cursor of the next page.
  var next: String?
  /// Products on all pages.
  var total: Int
  /// All tags of the shop with their number of products, the most frequent first.
  var tags: [(name: String, count: Int)]

  /// Tags that show without being asked for.
  static let openTagCount = 10

  func page() -> Page {
    Page(
      title: title,
      content: """
        <div class="hero"><h1>\(title)</h1><p>\(subtitle)</p></div>
        <div class="tools">\(tagList)\(sorting)</div>
        \(products.isEmpty ? nothing : grid)
        \(pages)
        """)
  }

  private var title: String {
    if !request.search.isEmpty { return "“" + request.search + "”" }
    if !request.tags.isEmpty { return request.tags.map { $0.asciiCapitalized }.joined(separator: ", ") }
    return "Good things, fairly sold"
  }

  private var subtitle: HTML {
    let things: HTML = total == 1 ? "1 thing" : "\(total) things"
    if !request.search.isEmpty { return "\(things) found. <a href=\"/\">See everything</a>" }
    if !request.tags.isEmpty { return "\(things). <a href=\"/\">See everything</a>" }
    return "\(things) under one roof. Look around; nobody hurries you."
  }

  private var tagList: HTML {
    guard !tags.isEmpty else { return "" }
    // The chosen ones first, so that they can be seen and put back.
    let chosen = tags.filter { request.tags.contains($0.name) }
    let others = tags.filter { !request.tags.contains($0.name) }
    let ordered = chosen + others
    let open = ordered.prefix(max(Self.openTagCount, chosen.count))
    let rest = ordered.dropFirst(open.count)
    let more: HTML =
      rest.isEmpty
      ? ""
      : "<details class=\"more-tags\"><summary>\(rest.count) more</summary><ul class=\"chips\">\(rest.map(chip))</ul></details>"
    return """
      <nav class="tags" aria-label="Kinds of goods"><ul class="chips">\(open.map(chip))</ul>\(more)</nav>
      """
  }

  private func chip(_ tag: (name: String, count: Int)) -> HTML {
    var wish = request
    wish.cursor = ""
    let isChosen = request.tags.contains(tag.name)
    if isChosen { wish.tags.removeAll { $0 == tag.name } } else { wish.tags.append(tag.name) }
    let current: HTML = isChosen ? " aria-current=\"true\"" : ""
    let count: HTML =
      isChosen
      ? "<small aria-hidden=\"true\">✕</small><span class=\"hidden\">, chosen: take away</span>"
      : "<small>\(tag.count)</small>"
    return
      "<li><a class=\"chip\" href=\"\(wish.link)\"\(current)>\(tag.name.asciiCapitalized) \(count)</a></li>"
  }

  private var sorting: HTML {
    let search: HTML =
      request.search.isEmpty ? "" : "<input type=\"hidden\" name=\"q\" value=\"\(request.search)\">"
    let tags = request.tags.map { "<input type=\"hidden\" name=\"tag\" value=\"\($0)\">" as HTML }
    let first: HTML = request.search.isEmpty ? "Name" : "Relevance"
    let byName: HTML = request.search.isEmpty ? "" : option("name", "Name")
    return """
      <form class="sort" action="/" method="get">\(search)\(tags)<label for="sort">Order by</label>
      <select id="sort" name="sort"><option value="">\(first)</option>\(byName)\(option("price", "Price, rising"))\
      \(option("-price", "Price, falling"))\(option("newest", "Newest first"))</select>
      <button class="quiet">Apply</button></form>
      """
  }

  private func option(_ value: String, _ label: String) -> HTML {
    let selected: HTML = request.sort == value ? " selected" : ""
    return "<option value=\"\(value)\"\(selected)>\(label)</option>"
  }

  private var grid: HTML {
    var cards: [HTML] = []
    for (index, product) in products.enumerated() { cards.append(Self.card(product, isFirst: index < 4)) }
    return "<ul class=\"grid\">\(cards)</ul>"
  }

  /// One product as a card; the whole card is its link.
  static func card(_ product: Product, isFirst: Bool) -> HTML {
    """
    <li class="card">\(Piece.picture(product.image, isFirst: isFirst))
    <h2><a href="\(Link("/products").segment(product.id))">\(product.name)</a></h2>
    <p class="facts"><span class="price">\(product.price.text)</span> \(Piece.stock(product.available))</p></li>

    """
  }

  private var nothing: HTML {
    """
    <div class="empty">\(Piece.closedStall)<h2>Nothing here by that name</h2>
    <p>Try a shorter word, or fewer tags.</p><a class="button" href="/">See everything</a></div>
    """
  }

  private var pages: HTML {
    var start = request
    start.cursor = ""
    let first: HTML =
      request.cursor.isEmpty ? "" : "<a class=\"button quiet\" href=\"\(start.link)\">Back to the start</a>"
    var after = request
    after.cursor = next ?? ""
    let more: HTML = next == nil ? "" : "<a class=\"button\" rel=\"next\" href=\"\(after.link)\">More</a>"
    return "<nav class=\"pages\" aria-label=\"Pages\">\(first)\(more)</nav>"
  }
}
