import Storage

/// The cart database.
enum Schema {
  /// Times are milliseconds since 1970. A cart that has become an order keeps its row, without lines, until it
  /// expires: so a repeated `consume` can be told from another order's.
  static let migrations = [
    Migration(
      version: 1,
      sql: """
        CREATE TABLE cart (
          id TEXT NOT NULL PRIMARY KEY,
          version INTEGER NOT NULL CHECK (version >= 1),
          updatedAt INTEGER NOT NULL,
          expiresAt INTEGER NOT NULL,
          orderId TEXT
        ) WITHOUT ROWID;
        CREATE INDEX cartByExpiry ON cart (expiresAt);
        CREATE TABLE line (
          cartId TEXT NOT NULL REFERENCES cart (id) ON DELETE CASCADE,
          position INTEGER NOT NULL,
          productId TEXT NOT NULL,
          quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 999),
          sku TEXT NOT NULL,
          name TEXT NOT NULL,
          price INTEGER NOT NULL,
          currency TEXT NOT NULL,
          PRIMARY KEY (cartId, productId)
        ) WITHOUT ROWID;
        """)
  ]
}
