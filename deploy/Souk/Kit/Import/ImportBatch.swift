import JSON

/// The rows of one `POST /products:import`, within its limits.
struct ImportBatch {
  let rows: [ImportRow]
  let body: [UInt8]

  /// The items among `rows`, in order, in as few batches as the limits allow. Items that tell no stock go
  /// without `setStock`: a stock that nobody told must not become 0. An item that no request can hold becomes a
  /// problem of its row.
  static func batches(of rows: inout [ImportRow], setStock: Bool) -> [ImportBatch] {
    var batches: [ImportBatch] = []
    var gathered: [ImportRow] = []
    var items: [[UInt8]] = []
    var byteCount = 0
    var setsStock = false
    func close() {
      guard !gathered.isEmpty else { return }
      batches.append(ImportBatch(rows: gathered, body: body(items, setStock: setsStock)))
      gathered = []
      items = []
      byteCount = 0
    }
    for (index, row) in rows.enumerated() {
      guard let item = row.item else { continue }
      var writer = JSONWriter()
      item.write(to: &writer)
      guard writer.bytes.count <= ImportLimits.batchByteCount else {
        rows[index].outcome = .problem("is larger than \(ImportLimits.batchByteCount >> 10) KiB")
        continue
      }
      let sets = setStock && item.onHand != nil && item.isStockCounted
      if gathered.count == ImportLimits.batchSize || sets != setsStock
        || byteCount + writer.bytes.count > ImportLimits.batchByteCount
      {
        close()
      }
      setsStock = sets
      gathered.append(row)
      items.append(writer.bytes)
      byteCount += writer.bytes.count + 1
    }
    close()
    return batches
  }

  private static func body(_ items: [[UInt8]], setStock: Bool) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { body in
      body.field("setStock", setStock)
      body.field(
        "items",
        array: { list in
          for item in items { list.raw(item) }
        })
    }
    return writer.bytes
  }
}
