import MachineTesting
import Storage
import Testing

@testable import Catalog

/// What the shop lists is JSON Lines of Product: it can be imported again, beside the file it came from.
@Suite struct ReimportTests {
  private let store = ProductStore(currency: "EUR")

  private func item(key: String, name: String, imageURL: String?) -> ImportItem {
    ImportItem(
      key: key,
      input: ProductInput(sku: "MUG-B", name: name, description: "", tags: [], priceMinor: 900), onHand: 5,
      imageURL: imageURL)
  }

  @Test func `a row that names a product by its SKU finds it under any key`() {
    let fromFile = item(key: "mug/Blue", name: "Mug, Blue", imageURL: "https://example.org/mug.jpg")
    let fromList = item(key: "MUG-B", name: "Mug, Blue", imageURL: nil)
    let renamed = item(key: "MUG-B", name: "Blue mug", imageURL: nil)
    let stranger = item(key: "other", name: "Mug, Blue", imageURL: nil)
    let results = withLoop { [store] machine in
      await Self.upsert([fromFile, fromList, fromFile, renamed, fromFile, stranger], store, machine)
    }
    #expect(
      results == [
        .created(id: "id0"), .unchanged(id: "id0"), .unchanged(id: "id0"), .updated(id: "id0"),
        .updated(id: "id0"),
        .problem("sku is taken by another product; change it or give both rows one key"),
      ])
  }

  /// Imports the items one after the other; the n-th would get the id `idN`.
  private static func upsert(
    _ items: [ImportItem], _ store: ProductStore, _ machine: TestMachine
  ) async -> [ImportResult] {
    var results: [ImportResult] = []
    do throws(StorageError) {
      let database = try await Database.open(
        .file(path: machine.temporaryDirectory() + "/catalog.db"), service: "catalog",
        migrations: Schema.migrations, worker: machine.worker, loop: machine.loop, entropy: machine.entropy,
        log: machine.log)
      for (index, item) in items.enumerated() {
        results.append(
          try await database.write { (connection) throws(StorageError) in
            .commit(
              try store.upsert(connection, item, newID: "id\(index)", setStock: false, now: Int64(index)))
          })
      }
      await database.close()
    } catch {
      Issue.record("\(error.advice)")
    }
    return results
  }
}
