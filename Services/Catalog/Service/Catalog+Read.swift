import Bytes
import CatalogAPI
import HTTP
import HTTPCore
import JSON
import Shop
import Storage
import _Concurrency

// What everybody may read.
extension Catalog {
  /// `GET /products/{id}`. What it finds is kept ready for the hot path.
  func product(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let id = call.parameters[0]
    let store = store
    let ticket = cache.ticket(for: id)
    let found = try await read { (connection) throws(StorageError) in
      try store.product(connection, id: id)?.product
    }
    guard let product = found else { throw .notFound("product") }
    var writer = JSONWriter(capacity: 512)
    product.write(to: &writer)
    if let ticket { cache.insert(ticket, entityTag: product.entityTag, body: writer.bytes) }
    let fields: [(name: String, value: String)] = [
      ("etag", product.entityTag), ("cache-control", "no-cache"),
    ]
    if let condition = call.request.entityTags(.ifNoneMatch), condition.matchesWeakly(product.tag) {
      return Response(.notModified, fields: fields)
    }
    return Response(
      .ok, fields: fields + [("content-type", "application/json")], body: .bytes(writer.bytes))
  }

  /// `GET /products`.
  func list(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let (search, cursor) = try ProductSearch.read(call.request.query)
    var start: PageStart?
    if let cursor {
      guard let decoded = cursors.decode(cursor, of: search) else {
        throw Problem(
          .malformed, "The cursor is not one of this search. Start again without, and follow next.")
      }
      start = decoded
    }
    let store = store
    let page = try await read { [start] (connection) throws(StorageError) in
      try store.page(connection, search, after: start)
    }
    let next = page.next.map { cursors.encode($0, of: search) }
    var response = Response.json { writer in
      writer.object { writer in
        writer.field("items", array: { list in for product in page.items { product.write(to: &list) } })
        writer.field("next", next)
        writer.field("total", page.total)
      }
    }
    response.set("cache-control", "no-cache")
    if let next {
      response.set("link", "<\(search.path(of: call.request.query, cursor: next))>; rel=\"next\"")
    }
    return response
  }

  /// `GET /products:batch`, and the internal `GET /internal/v1/products`.
  func batch(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let query = call.request.query
    try ProductSearch.check(query, once: ["ids"])
    guard let text = query.first("ids") else {
      throw .invalid("?ids", "is required: ids separated by commas")
    }
    var ids: [String] = []
    var seen: Set<String> = []
    for part in text.utf8.split(separator: UInt8(ascii: ",")) {
      let id = String(Substring(part))
      if seen.insert(id).inserted { ids.append(id) }
      guard ids.count <= CatalogLimits.batchSize else {
        throw .invalid("?ids", "must name at most \(CatalogLimits.batchSize) products")
      }
    }
    let store = store
    let found = try await read { [ids] (connection) throws(StorageError) in
      let (items, missing) = try store.products(connection, ids: ids)
      return Batch(items: items, missing: missing)
    }
    return Response.json { writer in
      writer.object { writer in
        writer.field("items", array: { list in for product in found.items { product.write(to: &list) } })
        writer.field("missing", array: { list in for id in found.missing { list.value(id) } })
      }
    }.with("cache-control", "no-cache")
  }

  private struct Batch: Sendable {
    var items: [Product]
    var missing: [String]
  }

  /// `GET /tags`.
  func tags() async throws(Problem) -> Response {
    let store = store
    let tags = try await read { (connection) throws(StorageError) in try store.tags(connection) }
    return Response.json { writer in
      writer.object { writer in
        writer.field(
          "items",
          array: { list in
            for tag in tags {
              list.object { object in
                object.field("tag", tag.tag)
                object.field("count", tag.count)
              }
            }
          })
      }
    }.with("cache-control", "no-cache")
  }
}

extension Product {
  /// Its validator as HTTPCore compares it.
  var tag: EntityTag { EntityTag("\(version)-\(available)") }
}

extension Request {
  /// The tags of a condition field; nil without the field.
  func entityTags(_ field: KnownField) -> EntityTagCondition? {
    guard hasField(field) else { return nil }
    var text = ""
    for line in head.fields where line.known == field {
      if !text.isEmpty { text += ", " }
      text += string(line.value)
    }
    return EntityTagCondition(text)
  }
}
