// shop-api.md, "Invariants" 1, before changing this file.
import Bytes
import CatalogAPI
import Platform
import Storage

/// What a hold operation found and did.
enum HoldAnswer: Equatable, Sendable {
  /// The hold as it is now; `isNew` when this call took the pieces.
  case hold(Hold, isNew: Bool)
  /// Not enough pieces; nothing was taken.
  case shortage([Shortage])
  /// The key already names a hold of other lines.
  case keyReused
  /// The hold's state does not allow it.
  case wrongState(HoldState)
  /// No such hold.
  case unknown
}

/// An answer, and the products whose `available` changed on the way to it (holds that ran out included).
struct HoldResult: Equatable, Sendable {
  var answer: HoldAnswer
  var touched: [String]
}

/// The holds and the stock they move. Everything runs inside one transaction; times are Unix milliseconds.
///
/// A hold that ran out is settled before anything is decided about the products it names, so its pieces never
/// count as held after its time, whether or not the sweeper has come by.
enum HoldBook {
  /// Sets pieces aside, all or none. The same key and lines again get the same answer.
  static func reserve(
    _ connection: Connection, key: String, lines: [HoldLine], milliseconds: Int64, now: Int64
  ) throws(StorageError) -> HoldResult {
    var touched: [String] = []
    var existing = try find(connection, key: key)
    if let hold = existing, hold.isDue(at: now) {
      touched += try expire(connection, hold.row, now: now)
      existing?.state = .expired
    }
    if let hold = existing {
      switch hold.state {
      case .released, .returned:
        return HoldResult(answer: .wrongState(hold.state), touched: touched)
      case .held, .committed, .expired:
        guard try holdsExactly(connection, hold.row, lines) else {
          return HoldResult(answer: .keyReused, touched: touched)
        }
        if hold.state != .expired {
          return HoldResult(answer: .hold(hold.described, isNew: false), touched: touched)
        }
      }
    }
    var wanted: [WantedPieces] = []
    for line in lines {
      let row = try connection.first(
        "SELECT row FROM product WHERE id = ? AND deleted_at IS NULL", [.text(line.productID)]
      ) { (row) throws(StorageError) in row.int(0) }
      wanted.append(WantedPieces(product: row, id: line.productID, quantity: Int64(line.quantity)))
    }
    touched += try expireAll(connection, of: wanted, now: now)
    let shortages = try missing(connection, wanted)
    guard shortages.isEmpty else {
      return HoldResult(answer: .shortage(shortages), touched: touched)
    }
    let expiresAt = now + milliseconds
    let row: Int64
    if let hold = existing {
      row = hold.row
      _ = try connection.execute(
        "UPDATE hold SET state = 'held', expires_at = ?, settled_at = NULL WHERE row = ?",
        [.integer(expiresAt), .integer(row)])
    } else {
      row = try insert(connection, key: key, state: .held, expiresAt: expiresAt, settledAt: nil)
    }
    for line in wanted {
      guard let product = line.product else { continue }
      if existing == nil {
        _ = try connection.execute(
          "INSERT INTO hold_line (hold, product, quantity) VALUES (?, ?, ?)",
          [.integer(row), .integer(product), .integer(line.quantity)])
      }
      _ = try connection.execute(
        "UPDATE product SET held = held + ? WHERE row = ?", [.integer(line.quantity), .integer(product)])
      touched.append(line.id)
    }
    let hold = Hold(key: key, state: .held, expiresAt: .init(milliseconds: expiresAt))
    return HoldResult(answer: .hold(hold, isNew: true), touched: touched)
  }

  /// Sells the pieces of a hold. One that ran out takes them again, or is short.
  static func commit(_ connection: Connection, key: String, now: Int64) throws(StorageError) -> HoldResult {
    guard var hold = try find(connection, key: key) else {
      return HoldResult(answer: .unknown, touched: [])
    }
    var touched: [String] = []
    switch hold.state {
    case .committed: return HoldResult(answer: .hold(hold.described, isNew: false), touched: [])
    case .released, .returned: return HoldResult(answer: .wrongState(hold.state), touched: [])
    case .held, .expired: break
    }
    let lines = try self.lines(connection, of: hold.row)
    if hold.isDue(at: now) {
      touched += try expire(connection, hold.row, now: now)
      hold.state = .expired
    }
    if hold.state == .expired {
      touched += try expireAll(connection, of: lines, now: now)
      let shortages = try missing(connection, lines)
      guard shortages.isEmpty else {
        return HoldResult(answer: .shortage(shortages), touched: touched)
      }
    }
    for line in lines {
      let held = hold.state == .held ? line.quantity : 0
      _ = try connection.execute(
        "UPDATE product SET on_hand = on_hand - ?1, held = held - ?2, sold = sold + ?1 WHERE row = ?3",
        [.integer(line.quantity), .integer(held), SQLValue(line.product)])
      if hold.state == .expired { touched.append(line.id) }
    }
    try settle(connection, &hold, as: .committed, now: now)
    return HoldResult(answer: .hold(hold.described, isNew: false), touched: touched)
  }

  /// Gives a hold up. A key that was never seen is remembered, so that a reservation which arrives after its own
  /// release finds its key spent.
  static func release(_ connection: Connection, key: String, now: Int64) throws(StorageError) -> HoldResult {
    guard var hold = try find(connection, key: key) else {
      _ = try insert(connection, key: key, state: .released, expiresAt: nil, settledAt: now)
      let tombstone = Hold(key: key, state: .released, expiresAt: nil)
      return HoldResult(answer: .hold(tombstone, isNew: false), touched: [])
    }
    var touched: [String] = []
    switch hold.state {
    case .committed: return HoldResult(answer: .wrongState(.committed), touched: [])
    case .released, .returned: return HoldResult(answer: .hold(hold.described, isNew: false), touched: [])
    case .held: touched = try putBack(connection, hold.row)
    case .expired: break
    }
    try settle(connection, &hold, as: .released, now: now)
    return HoldResult(answer: .hold(hold.described, isNew: false), touched: touched)
  }

  /// Gives sold pieces back, once.
  static func returnStock(
    _ connection: Connection, key: String, now: Int64
  ) throws(StorageError) -> HoldResult {
    guard var hold = try find(connection, key: key) else {
      return HoldResult(answer: .unknown, touched: [])
    }
    switch hold.state {
    case .returned: return HoldResult(answer: .hold(hold.described, isNew: false), touched: [])
    case .held, .released, .expired: return HoldResult(answer: .wrongState(hold.state), touched: [])
    case .committed: break
    }
    var touched: [String] = []
    for line in try lines(connection, of: hold.row) {
      _ = try connection.execute(
        "UPDATE product SET on_hand = on_hand + ?1, sold = sold - ?1 WHERE row = ?2",
        [.integer(line.quantity), SQLValue(line.product)])
      touched.append(line.id)
    }
    try settle(connection, &hold, as: .returned, now: now)
    return HoldResult(answer: .hold(hold.described, isNew: false), touched: touched)
  }
}
