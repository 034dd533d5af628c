/// A page of products.
public struct ProductPage: Equatable, Sendable {
  /// The products, in order.
  public var items: [Product]
  /// Where the next page begins; nil on the last one.
  public var next: String?
  /// Products in all pages together.
  public var total: Int

  /// A page.
  public init(items: [Product], next: String?, total: Int) {
    self.items = items
    self.next = next
    self.total = total
  }
}

/// A tag and how many products carry it.
public struct TagCount: Equatable, Sendable {
  /// The tag.
  public var tag: String
  /// Products on sale that carry it.
  public var count: Int

  /// `count` products carry `tag`.
  public init(tag: String, count: Int) {
    self.tag = tag
    self.count = count
  }
}
