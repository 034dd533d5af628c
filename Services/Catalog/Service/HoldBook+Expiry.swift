import Bytes
import CatalogAPI
import Platform
import Storage

/// A hold's row.
struct HoldRecord {
  var row: Int64
  var key: String
  var state: HoldState
  var expiresAt: Int64?

  /// Whether it still holds pieces although its time is over.
  func isDue(at now: Int64) -> Bool { state == .held && (expiresAt ?? .max) <= now }

  /// As others see it.
  var described: Hold { Hold(key: key, state: state, expiresAt: expiresAt.map { .init(milliseconds: $0) }) }
}

/// Pieces of one product that a hold names. `product` is nil when there is no such product on sale.
struct WantedPieces {
  var product: Int64?
  var id: String
  var quantity: Int64
}

extension HoldBook {
  /// The hold under `key`.
  static func find(_ connection: Connection, key: String) throws(StorageError) -> HoldRecord? {
    try connection.first("SELECT row, state, expires_at FROM hold WHERE key = ?", [.text(key)]) {
      (row) throws(StorageError) in
      guard let state = HoldState(rawValue: row.text(1)) else { throw .corrupt }
      return HoldRecord(row: row.int(0), key: key, state: state, expiresAt: row.optionalInt(2))
    }
  }

  /// Inserts a hold without lines and answers its row.
  static func insert(
    _ connection: Connection, key: String, state: HoldState, expiresAt: Int64?, settledAt: Int64?
  ) throws(StorageError) -> Int64 {
    _ = try connection.execute(
      "INSERT INTO hold (key, state, expires_at, settled_at) VALUES (?, ?, ?, ?)",
      [.text(key), .text(state.rawValue), SQLValue(expiresAt), SQLValue(settledAt)])
    return connection.lastInsertedRowID
  }

  /// The pieces a hold names, by product.
  static func lines(_ connection: Connection, of hold: Int64) throws(StorageError) -> [WantedPieces] {
    try connection.query(
      """
      SELECT p.row, p.id, l.quantity FROM hold_line l JOIN product p ON p.row = l.product
      WHERE l.hold = ? ORDER BY p.row
      """, [.integer(hold)]
    ) { (row) throws(StorageError) in
      WantedPieces(product: row.int(0), id: row.text(1), quantity: row.int(2))
    }
  }

  /// Whether a hold names just these lines, in whatever order.
  static func holdsExactly(
    _ connection: Connection, _ hold: Int64, _ lines: [HoldLine]
  ) throws(StorageError) -> Bool {
    let held = try self.lines(connection, of: hold)
    guard held.count == lines.count else { return false }
    for line in lines
    where !held.contains(where: { $0.id == line.productID && $0.quantity == Int64(line.quantity) }) {
      return false
    }
    return true
  }

  /// The lines that cannot be taken from what is available.
  static func missing(
    _ connection: Connection, _ wanted: [WantedPieces]
  ) throws(StorageError) -> [Shortage] {
    var shortages: [Shortage] = []
    for line in wanted {
      var available: Int64 = 0
      if let product = line.product {
        available =
          try connection.first(
            "SELECT on_hand - held FROM product WHERE row = ?", [.integer(product)]
          ) { (row) throws(StorageError) in row.int(0) } ?? 0
      }
      if available < line.quantity {
        shortages.append(
          Shortage(productID: line.id, wanted: Int(line.quantity), available: Int(available)))
      }
    }
    return shortages
  }

  /// Moves a hold to its next state.
  static func settle(
    _ connection: Connection, _ hold: inout HoldRecord, as state: HoldState, now: Int64
  ) throws(StorageError) {
    hold.state = state
    _ = try connection.execute(
      "UPDATE hold SET state = ?, settled_at = ? WHERE row = ?",
      [.text(state.rawValue), .integer(now), .integer(hold.row)])
  }

  /// Puts a held hold's pieces back; answers the products.
  static func putBack(_ connection: Connection, _ hold: Int64) throws(StorageError) -> [String] {
    var touched: [String] = []
    for line in try lines(connection, of: hold) {
      _ = try connection.execute(
        "UPDATE product SET held = held - ? WHERE row = ?",
        [.integer(line.quantity), SQLValue(line.product)])
      touched.append(line.id)
    }
    return touched
  }

  /// Ends a hold whose time is over.
  static func expire(
    _ connection: Connection, _ hold: Int64, now: Int64
  ) throws(StorageError) -> [String] {
    let touched = try putBack(connection, hold)
    _ = try connection.execute(
      "UPDATE hold SET state = 'expired', settled_at = ? WHERE row = ?", [.integer(now), .integer(hold)])
    return touched
  }

  /// Ends every hold of these products whose time is over.
  static func expireAll(
    _ connection: Connection, of wanted: [WantedPieces], now: Int64
  ) throws(StorageError) -> [String] {
    var touched: [String] = []
    for line in wanted {
      guard let product = line.product else { continue }
      let due = try connection.query(
        """
        SELECT h.row FROM hold_line l JOIN hold h ON h.row = l.hold
        WHERE l.product = ? AND h.state = 'held' AND h.expires_at <= ?
        """, [.integer(product), .integer(now)]
      ) { (row) throws(StorageError) in row.int(0) }
      for hold in due { touched += try expire(connection, hold, now: now) }
    }
    return touched
  }

  /// One pass of the sweeper: ends up to `CatalogLimits.sweepSize` holds whose time is over, forgets keys that
  /// have been spent long enough, and says when the next hold is due.
  static func sweep(_ connection: Connection, now: Int64) throws(StorageError) -> Sweep {
    let sweep = try expireDue(connection, now: now)
    _ = try connection.execute(
      """
      DELETE FROM hold WHERE row IN (
        SELECT row FROM hold WHERE state IN ('released', 'expired') AND settled_at <= ? LIMIT ?)
      """,
      [
        .integer(now - CatalogLimits.tombstoneMilliseconds), .integer(Int64(CatalogLimits.sweepSize)),
      ])
    return sweep
  }

  /// The same, but nothing is forgotten: what a start needs.
  static func expireDue(_ connection: Connection, now: Int64) throws(StorageError) -> Sweep {
    var sweep = Sweep(touched: [], nextExpiry: try nextExpiry(connection))
    guard let first = sweep.nextExpiry, first <= now else { return sweep }
    let due = try connection.query(
      "SELECT row FROM hold WHERE state = 'held' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
      [.integer(now), .integer(Int64(CatalogLimits.sweepSize))]
    ) { (row) throws(StorageError) in row.int(0) }
    for hold in due { sweep.touched += try expire(connection, hold, now: now) }
    sweep.nextExpiry = try nextExpiry(connection)
    return sweep
  }

  private static func nextExpiry(_ connection: Connection) throws(StorageError) -> Int64? {
    try connection.first(
      "SELECT expires_at FROM hold WHERE state = 'held' ORDER BY expires_at LIMIT 1", []
    ) { (row) throws(StorageError) in row.int(0) }
  }

  /// What a pass of the sweeper did.
  struct Sweep: Sendable {
    /// Products whose `available` changed.
    var touched: [String]
    /// When the next hold runs out.
    var nextExpiry: Int64?
  }
}
