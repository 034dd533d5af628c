import Bytes
import HTTP
import JSON
import Shop
import Storage
import _Concurrency

extension Catalog {
  /// `POST /products:import`. Each item stands for itself: a wrong one is answered with its problem, the others
  /// are written, all in one transaction.
  func importAll(_ call: Call<CatalogRoute>) async throws(Problem) -> Response {
    var body = BodyReader(call.json)
    let elements = body.array("items", count: 0...CatalogLimits.importSize) ?? []
    let setStock = body.optionalBool("setStock") ?? false
    try body.check()

    var jobs: [ImportJob] = []
    jobs.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      var reader = BodyReader(element, at: "/items/\(index)")
      let item = ImportItem.read(&reader, currency: store.currency)
      jobs.append(
        reader.isValid
          ? .item(item, newID: makeID()) : .wrong(Self.words(reader.errors, skipping: "/items/\(index)/")))
    }
    let now = now
    let store = store
    let results = try await write { [jobs] (connection) throws(StorageError) in
      var results: [ImportResult] = []
      for job in jobs {
        switch job {
        case .wrong(let detail): results.append(.problem(detail))
        case .item(let item, let newID):
          results.append(
            try store.upsert(connection, item, newID: newID, setStock: setStock, now: now))
        }
      }
      return .commit(results)
    }
    for case .updated(let id) in results { cache.invalidate(id) }
    return Response.json { writer in
      writer.object { writer in
        writer.field(
          "results",
          array: { list in
            for (index, result) in results.enumerated() { result.write(to: &list, index: index) }
          })
      }
    }
  }

  private enum ImportJob: Sendable {
    case item(ImportItem, newID: String)
    case wrong(String)
  }

  /// `name is required; price/amount must be 0 to 10000000000`.
  private static func words(_ errors: [FieldError], skipping prefix: String) -> String {
    var text = ""
    for error in errors.prefix(5) {
      if !text.isEmpty { text += "; " }
      if error.pointer.utf8.starts(with: prefix.utf8) {
        text += String(error.pointer.dropFirst(prefix.count)) + " "
      }
      text += error.detail
    }
    return text
  }
}

extension ImportResult {
  fileprivate func write(to writer: inout JSONWriter, index: Int) {
    writer.object { object in
      object.field("index", index)
      switch self {
      case .created(let id):
        object.field("result", "created")
        object.field("id", id)
      case .updated(let id):
        object.field("result", "updated")
        object.field("id", id)
      case .unchanged(let id):
        object.field("result", "unchanged")
        object.field("id", id)
      case .problem(let detail):
        object.field("result", "problem")
        object.field("detail", detail)
      }
    }
  }
}
