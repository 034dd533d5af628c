import Bytes
import JSON
import Shop

extension ProductInput {
  /// Reads what an owner says about a product. What is wrong is gathered in the reader.
  static func read(_ body: inout BodyReader, currency: String) -> ProductInput {
    let sku = body.string("sku", length: 1...CatalogLimits.skuLength)
    return read(&body, sku: sku, currency: currency)
  }

  /// The same with the SKU read before.
  static func read(_ body: inout BodyReader, sku: String, currency: String) -> ProductInput {
    let name = body.string("name", length: 1...CatalogLimits.nameLength)
    let description =
      body.optionalString("description", length: 0...CatalogLimits.descriptionLength, lines: true) ?? ""
    let tags = body.strings(
      "tags", count: 0...CatalogLimits.tagCount, length: 1...CatalogLimits.tagLength)
    let price = body.money("price", currency: currency)
    // A tag given twice is one tag.
    var unique: [String] = []
    for tag in tags where !unique.contains(tag) { unique.append(tag) }
    return ProductInput(
      sku: sku, name: name, description: description, tags: unique, priceMinor: price.amount)
  }
}

extension StockChange {
  /// Reads `{"onHand": n}` or `{"adjust": ±n}`.
  static func read(_ body: inout BodyReader) -> StockChange {
    let count = CatalogLimits.stockCount
    let onHand = body.optionalInteger("onHand", in: 0...count)
    let adjust = body.optionalInteger("adjust", in: -count...count)
    switch (onHand, adjust) {
    case (let onHand?, nil):
      if body.has("adjust") && body.isValid { body.fail("adjust", "cannot go with onHand") }
      return .onHand(onHand)
    case (nil, let adjust?): return .adjust(adjust)
    case (_?, _?): body.fail("adjust", "cannot go with onHand")
    case (nil, nil):
      if body.isValid { body.fail("onHand", "is required, or adjust") }
    }
    return .adjust(0)
  }
}

extension ImportItem {
  /// Reads one item of an import. Without a SKU the key is the SKU, and the other way around.
  static func read(_ body: inout BodyReader, currency: String) -> ImportItem {
    let length = 1...CatalogLimits.skuLength
    let sku: String
    let key: String
    if body.has("key") {
      key = body.string("key", length: length)
      sku = body.optionalString("sku", length: length) ?? key
    } else {
      sku = body.string("sku", length: length)
      key = sku
    }
    let input = ProductInput.read(&body, sku: sku, currency: currency)
    let onHand = body.optionalInteger("onHand", in: 0...CatalogLimits.stockCount) ?? 0
    let imageURL = body.optionalString("imageURL", length: 0...CatalogLimits.imageURLLength)
    return ImportItem(key: key, input: input, onHand: onHand, imageURL: imageURL == "" ? nil : imageURL)
  }
}
