// ../Assets/openapi.json is the description. What a service answers and what stands there change together:
// Tests/Gateway compares the paths, `schemathesis` against a running shop the rest.

import Bytes
import Cryptography
import HTTP
import HTTPCore
import JSON
import Shop

/// The description of the public API, `GET /openapi.json`.
///
/// What the owner decides (currency, countries, shipping methods) comes from the settings, so that it is true of this
/// very shop: where the file has `"@countries"`, the answer has the list.
struct OpenAPIDocument {
  /// The document.
  let bytes: [UInt8]
  private let tag: EntityTag

  /// The description of `shop`, made once.
  init(_ shop: ShopConfiguration) {
    bytes = Self.describe(shop)
    tag = EntityTag(Hex.encode(Array(SHA256.hash(bytes)[..<16])))
  }

  /// The answer to `request`: 304 to whoever has it.
  func response(to request: Request) -> Response {
    let fields: [(name: String, value: String)] = [
      ("etag", tag.text), ("cache-control", "no-cache"), ("x-content-type-options", "nosniff"),
    ]
    if request.hasField(.ifNoneMatch),
      EntityTagCondition(request.fieldList(.ifNoneMatch)).matchesWeakly(tag)
    {
      return Response(.notModified, fields: fields)
    }
    return Response(.ok, fields: fields + [("content-type", "application/json")], body: .bytes(bytes))
  }

  private static func describe(_ shop: ShopConfiguration) -> [UInt8] {
    let file = PackedFile.apiDescription.unpacked()
    var document: [UInt8] = []
    document.reserveCapacity(file.count + 1024)
    var index = 0
    while index < file.count {
      guard file[index] == UInt8(ascii: "\""), file[index + 1] == UInt8(ascii: "@") else {
        document.append(file[index])
        index += 1
        continue
      }
      let start = index + 2
      index = start
      while file[index] != UInt8(ascii: "\"") { index += 1 }
      document += list(String(utf8: file[start..<index]), shop)
      index += 1
    }
    return document
  }

  private static func list(_ name: String, _ shop: ShopConfiguration) -> [UInt8] {
    var writer = JSONWriter()
    writer.array { list in
      switch name {
      case "currencies": list.value(shop.currency)
      case "countries": for (country, _) in shop.taxRates { list.value(country) }
      case "shippingMethods": for method in shop.shippingMethods { list.value(method.id) }
      default: fatalError("openapi.json names a list that nobody knows")
      }
    }
    return writer.bytes
  }
}
