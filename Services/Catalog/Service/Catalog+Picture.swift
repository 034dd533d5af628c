// RFC 9110 §13.1.5 (If-Range), §13.2.2 (the order of conditions) and §14 (ranges) before changing this file.
import Bytes
import HTTP
import HTTPCore
import Shop
import Storage
import _Concurrency

extension Catalog {
  /// `GET /products/{id}/image`: the stored picture, or one drawn from the product's name.
  func picture(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    let id = call.parameters[0]
    let store = store
    let found = try await read { (connection) throws(StorageError) in
      try store.picture(connection, id: id)
    }
    guard let picture = found else { throw .notFound("product") }
    let request = call.request
    let tag = EntityTag(picture.digest)
    // Whoever fetches a picture in parts names it in each request; a malformed condition does not hold.
    if let condition = request.entityTags(.ifMatch), !condition.matchesStrongly(tag) {
      throw .preconditionFailed
    }
    var fields: [(name: String, value: String)] = [
      ("etag", tag.text), ("cache-control", "public, max-age=300"), ("accept-ranges", "bytes"),
      // A picture is never anything else, and an SVG never runs a script, whoever uploaded it.
      ("x-content-type-options", "nosniff"),
      ("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'"),
    ]
    if let condition = request.entityTags(.ifNoneMatch), condition.matchesWeakly(tag) {
      return Response(.notModified, fields: fields)
    }
    fields.append(("content-type", picture.format.rawValue))
    let count = picture.bytes.count
    if request.method == .get, let text = request.field(.range), request.fieldCount(.range) == 1,
      request.allowsRange(of: tag)
    {
      switch ByteRange(text, length: UInt64(count)) {
      case .ignored: break
      case .unsatisfiable:
        return Problem(.rangeNotSatisfiable, "The picture has \(count) bytes.").response
          .with("content-range", "bytes */\(count)")
      case .satisfiable(let range):
        let part = Int(range.lowerBound)..<Int(range.upperBound)
        fields.append(("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(count)"))
        return Response(.partialContent, fields: fields, body: .bytes(Array(picture.bytes[part])))
      }
    }
    return Response(.ok, fields: fields, body: .bytes(picture.bytes))
  }
}

extension Request {
  /// Whether an If-Range, if there is one, names `tag`. We send no dates to name.
  fileprivate func allowsRange(of tag: EntityTag) -> Bool {
    guard let text = field(named: "if-range") else { return true }
    return EntityTag(parsing: text)?.matchesStrongly(tag) ?? false
  }
}
