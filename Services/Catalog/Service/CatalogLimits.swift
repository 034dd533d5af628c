/// Every limit of the catalog. Reaching one has a defined answer: 422 with the field's pointer, unless noted.
public enum CatalogLimits {
  /// Characters (Unicode scalars) of a product's name.
  public static let nameLength = 200
  /// Characters of a product's SKU, and of an import key.
  public static let skuLength = 200
  /// Characters of a product's description.
  public static let descriptionLength = 10_000
  /// Tags of a product.
  public static let tagCount = 20
  /// Characters of a tag, of a product or in a search.
  public static let tagLength = 50
  /// The dearest product, in minor units. A full cart of it is still far inside 64 bits.
  public static let priceMinor: Int64 = 1_000_000_000
  /// Pieces of a product: on hand, received and sold.
  public static let stockCount: Int64 = 1_000_000_000
  /// Characters of an imported picture's source URL.
  public static let imageURLLength = 2_048

  /// Characters of a search text.
  public static let searchLength = 200
  /// Tags in one search.
  public static let searchTagCount = 20
  /// Products on a page, at most; and when the caller does not say.
  public static let pageSize = 100
  /// Products on a page unless the caller says.
  public static let defaultPageSize = 24
  /// Ids in one `products:batch`.
  public static let batchSize = 100
  /// Items in one `products:import`.
  public static let importSize = 200
  /// Tags in one answer of `/tags`, the most used ones.
  public static let tagListSize = 1_000
  /// Bytes of an image. More: 413.
  public static let imageByteCount = 2 << 20

  /// Lines of a hold: a cart's.
  public static let holdLineCount = 100
  /// Pieces in a line of a hold.
  public static let holdQuantity = 1_000_000
  /// Characters of a hold's key.
  public static let holdKeyLength = 200
  /// Longest life of a hold, in seconds.
  public static let holdSeconds = 86_400
  /// Holds that one pass of the sweeper settles; more wait for the next pass, which follows at once.
  public static let sweepSize = 200
  /// How long a released or expired hold's key stays known, in milliseconds: as long as an idempotency key.
  public static let tombstoneMilliseconds: Int64 = 30 * 86_400 * 1_000

  /// Products whose answer is kept ready.
  public static let cacheEntryCount = 4_096
  /// Bytes of all answers kept ready.
  public static let cacheByteCount = 16 << 20
}
