import JSON

/// Reads JSON Lines of Product (shop-api.md, "Catalog"): what `GET /products` lists can be imported again.
///
/// `sku`, `name` and `price` are needed; `description`, `tags`, `imageURL` and `key` may be there, and the stock
/// as `onHand` or, for products that are new, as the `available` of a list that a shop gave. The key is the SKU.
enum ProductLines {
  /// All lines that are not blank, in order.
  static func rows(of bytes: [UInt8]) -> [ImportRow] {
    var rows: [ImportRow] = []
    var lineOfKey: [String: Int] = [:]
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let lines = bytes[start...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { continue }
      rows.append(
        ImportRow(
          number: index + 1, line: index + 1, outcome: outcome(of: Array(line), index + 1, &lineOfKey)))
    }
    return rows
  }

  private static func outcome(
    of line: [UInt8], _ number: Int, _ lineOfKey: inout [String: Int]
  ) -> ImportRow.Outcome {
    do {
      let item = try item(
        JSON.parse(line, limits: JSONLimits(maximumByteCount: ImportLimits.recordByteCount)))
      if let earlier = lineOfKey[item.key] { return .problem("the same SKU as line \(earlier)") }
      lineOfKey[item.key] = number
      return .item(item)
    } catch let error as JSONError {
      return .problem("not JSON: \(error.reason.description) at column \(error.column)")
    } catch let error as FieldProblem {
      return .problem(error.reason)
    } catch {
      preconditionFailure("no other error is thrown")
    }
  }

  private struct FieldProblem: Error {
    let reason: String
  }

  private static func item(_ json: JSON) throws(FieldProblem) -> ImportItem {
    guard json.object != nil else { throw FieldProblem(reason: "a line is one JSON object") }
    let sku = try text(json, "sku").trimmed
    let name = try text(json, "name").trimmed
    guard !sku.isEmpty, !name.isEmpty else { throw FieldProblem(reason: "\"sku\" or \"name\" is empty") }
    guard let price = json["price"], let amount = price["amount"]?.integer,
      let currency = price["currency"]?.string
    else {
      throw FieldProblem(reason: "\"price\" must be like {\"amount\":1299,\"currency\":\"EUR\"}")
    }
    var tags: [String] = []
    if let list = member(json, "tags") {
      guard let elements = list.array, elements.allSatisfy({ $0.string != nil }) else {
        throw FieldProblem(reason: "\"tags\" must be an array of strings")
      }
      for tag in elements.compactMap(\.string) where !tags.contains(tag) { tags.append(tag) }
    }
    let counted = member(json, "onHand")
    var onHand: Int64?
    if let stock = counted ?? member(json, "available") {
      guard let count = stock.integer else { throw FieldProblem(reason: "the stock must be a whole number") }
      onHand = count
    }
    let key = member(json, "key") == nil ? sku : try text(json, "key")
    return ImportItem(
      key: key, sku: sku, name: name,
      description: member(json, "description") == nil ? "" : try text(json, "description"), tags: tags,
      priceMinor: amount, currency: currency, onHand: onHand, isStockCounted: counted != nil,
      imageURL: member(json, "imageURL") == nil ? nil : try text(json, "imageURL"),
      pictureNames: ShopifyCatalog.pictureNames([sku, key]))
  }

  /// A member that is there and not null.
  private static func member(_ json: JSON, _ key: String) -> JSON? {
    guard let value = json[key], !value.isNull else { return nil }
    return value
  }

  private static func text(_ json: JSON, _ key: String) throws(FieldProblem) -> String {
    guard let text = json[key]?.string else { throw FieldProblem(reason: "\"\(key)\" must be a string") }
    return text
  }
}
