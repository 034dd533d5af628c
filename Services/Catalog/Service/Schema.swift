import Storage

/// The catalog's tables.
enum Schema {
  /// All migrations, oldest first. Never edit one that was released; add another.
  static let migrations: [Migration] = [Migration(version: 1, sql: first)]

  /// `product.rowid` is also the key of its words and its tags. A deleted product keeps its row, because orders
  /// may still give its pieces back; its SKU and import key are free again.
  ///
  /// The CHECKs are invariant 1 of shop-api.md: no sequence of statements can break it.
  private static let first = """
    CREATE TABLE product (
      row INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      sku TEXT NOT NULL,
      import_key TEXT,
      name TEXT NOT NULL,
      sort_name TEXT NOT NULL,
      description TEXT NOT NULL,
      tags TEXT NOT NULL,
      price INTEGER NOT NULL CHECK (price >= 0),
      image_url TEXT,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      deleted_at INTEGER,
      version INTEGER NOT NULL CHECK (version >= 1),
      on_hand INTEGER NOT NULL,
      held INTEGER NOT NULL DEFAULT 0,
      sold INTEGER NOT NULL DEFAULT 0 CHECK (sold >= 0),
      received INTEGER NOT NULL,
      CHECK (0 <= held AND held <= on_hand),
      CHECK (on_hand + sold = received)
    );
    CREATE UNIQUE INDEX product_sku ON product (sku) WHERE deleted_at IS NULL;
    CREATE UNIQUE INDEX product_import_key ON product (import_key)
      WHERE deleted_at IS NULL AND import_key IS NOT NULL;
    CREATE INDEX product_name ON product (sort_name, id) WHERE deleted_at IS NULL;
    CREATE INDEX product_price ON product (price, id) WHERE deleted_at IS NULL;
    CREATE INDEX product_price_down ON product (price DESC, id) WHERE deleted_at IS NULL;
    CREATE INDEX product_newest ON product (created_at DESC, id) WHERE deleted_at IS NULL;

    CREATE TABLE product_tag (
      tag TEXT NOT NULL,
      product INTEGER NOT NULL REFERENCES product (row) ON DELETE CASCADE,
      PRIMARY KEY (tag, product)
    ) WITHOUT ROWID;
    CREATE INDEX product_tag_product ON product_tag (product);

    CREATE VIRTUAL TABLE product_words USING fts5 (
      name, sku, tags, description,
      tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
    );

    CREATE TABLE picture (
      product INTEGER PRIMARY KEY REFERENCES product (row) ON DELETE CASCADE,
      media_type TEXT NOT NULL,
      digest TEXT NOT NULL,
      bytes BLOB NOT NULL
    );

    CREATE TABLE probe (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      at INTEGER NOT NULL
    );

    CREATE TABLE hold (
      row INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL CHECK (state IN ('held', 'committed', 'released', 'expired', 'returned')),
      expires_at INTEGER,
      settled_at INTEGER
    );
    CREATE INDEX hold_expiry ON hold (expires_at) WHERE state = 'held';
    CREATE INDEX hold_settled ON hold (settled_at) WHERE state IN ('released', 'expired');

    CREATE TABLE hold_line (
      hold INTEGER NOT NULL REFERENCES hold (row) ON DELETE CASCADE,
      product INTEGER NOT NULL REFERENCES product (row),
      quantity INTEGER NOT NULL CHECK (quantity > 0),
      PRIMARY KEY (hold, product)
    ) WITHOUT ROWID;
    CREATE INDEX hold_line_product ON hold_line (product, hold);
    """
}
