// OpenAPI 3.1.1 and shop-api.md before changing this file. What a service answers and what stands here change
// together: Tests/Gateway compares the paths, `schemathesis` against a running shop the rest.

import Bytes
import Cryptography
import HTTP
import HTTPCore
import JSON
import Shop

/// The description of the public API, `GET /openapi.json`.
///
/// Operations are written by code, because most of their text (references, the problems that follow from a
/// body, a condition or a credential) can be derived from a few words each and need not stand in the image.
/// Schemas are kept as JSON text, because nothing in them can be derived and JSON is what they are read as.
/// What the owner decides (currency, countries, shipping methods) comes from the settings, so that it is true
/// of this very shop.
struct OpenAPIDocument {
  /// The document.
  let bytes: [UInt8]
  private let tag: EntityTag

  /// The description of `shop`, made once.
  init(_ shop: ShopConfiguration) {
    var writer = JSONWriter(capacity: 64 << 10)
    Self.write(shop, to: &writer)
    bytes = writer.bytes
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

  private static func write(_ shop: ShopConfiguration, to writer: inout JSONWriter) {
    writer.object { document in
      document.field("openapi", "3.1.1")
      document.field(
        "info",
        object: { info in
          info.field("title", "Souk")
          info.field("version", "1")
          info.field("description", about)
        })
      document.field(
        "servers", array: { list in list.object { server in server.field("url", "/api/v1") } })
      document.field(
        "paths",
        object: { paths in
          for area in [catalog, cart, checkout] { area.writePaths(to: &paths) }
        })
      document.field("components", object: { components in writeComponents(shop, to: &components) })
    }
  }

  private static func writeComponents(_ shop: ShopConfiguration, to components: inout JSONWriter) {
    components.field(
      "securitySchemes",
      object: { schemes in
        schemes.field(
          "admin",
          object: { scheme in
            scheme.field("type", "http")
            scheme.field("scheme", "bearer")
            scheme.field("description", "The shop's admin token.")
          })
      })
    components.field("parameters", object: { write(parameters, to: &$0) })
    components.field("headers", object: { write(headers, to: &$0) })
    components.field("responses", object: { Problems.writeResponses(to: &$0) })
    components.field(
      "schemas",
      object: { schemas in
        write(sharedSchemas, to: &schemas)
        for area in [catalog, cart, checkout] { write(area.schemas, to: &schemas) }
        Problems.writeTypes(to: &schemas)
        schemas.enumeration("Currency", "The shop's one currency.", [shop.currency])
        schemas.enumeration(
          "Country", "Where the shop delivers to (ISO 3166 alpha-2).", shop.taxRates.map { $0.country })
        schemas.enumeration(
          "ShippingMethodId", "How a parcel may go.", shop.shippingMethods.map { $0.id })
        writeOrderStates(to: &schemas)
      })
  }

  private static func write(_ parts: [Part], to writer: inout JSONWriter) {
    for part in parts {
      writer.key(part.name.description)
      // A literal's bytes live as long as the program.
      writer.raw(Array(UnsafeBufferPointer(start: part.json.utf8Start, count: part.json.utf8CodeUnitCount)))
    }
  }

  private static let about = """
    Money is an integer in minor units. Times are RFC 3339 in UTC. Ids are opaque; those of carts and \
    orders are capabilities: whoever knows one may use it. HEAD works wherever GET does; OPTIONS answers 204 \
    with Allow. Another method on a known path is 405 with Allow. Unknown members of a JSON body are \
    ignored, and a member that may be left out may also be null. A body in which an integer does not fit 64 bits, or \
    an object has a member twice, counts as malformed. A thing that is not there is 404 whatever the \
    credentials. x-request-id is kept if it is 1 to 128 of A-Z a-z 0-9 . _ -, else made, and stands in the \
    answer. Every error is a problem document (RFC 9457).
    """
}

/// A named part of the document, as JSON text.
struct Part {
  let name: StaticString
  let json: StaticString

  init(_ name: StaticString, _ json: StaticString) {
    self.name = name
    self.json = json
  }
}

/// The operations and schemas of one service.
struct Area {
  let name: String
  let paths: [(template: String, operations: [Operation])]
  let schemas: [Part]

  func writePaths(to writer: inout JSONWriter) {
    for path in paths {
      writer.field(
        path.template,
        object: { item in
          for operation in path.operations {
            item.key(operation.method)
            operation.write(to: &item, area: name, hasSubject: path.template.utf8.contains(UInt8(ascii: "{")))
          }
        })
    }
  }
}

extension JSONWriter {
  /// Writes `{"$ref": "#/components/KIND/NAME"}`.
  @inline(never)
  mutating func reference(_ kind: String, _ name: String) {
    object { $0.field("$ref", "#/components/" + kind + "/" + name) }
  }

  /// Writes the schema `name`: one of `values`.
  @inline(never)
  mutating func enumeration(_ name: String, _ description: String, _ values: [String]) {
    field(
      name,
      object: { schema in
        schema.field("type", "string")
        schema.field("description", description)
        schema.field("enum", array: { list in for value in values { list.value(value) } })
      })
  }
}
