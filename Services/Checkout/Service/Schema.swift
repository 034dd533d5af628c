import Storage

/// The checkout database. Amounts are minor units, times nanoseconds since 1970.
enum Schema {
  static let migrations = [
    Migration(
      version: 1,
      sql: """
        CREATE TABLE orders (
          sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
          id              TEXT    NOT NULL UNIQUE,
          cart_id         TEXT    NOT NULL,
          state           TEXT    NOT NULL CHECK (state IN ('pending', 'reserved', 'authorised', 'captured',
                                    'shipped', 'delivered', 'cancelled', 'expired', 'declined', 'refunded')),
          obligations     INTEGER NOT NULL DEFAULT 0,
          currency        TEXT    NOT NULL,
          subtotal        INTEGER NOT NULL,
          shipping        INTEGER NOT NULL,
          tax             INTEGER NOT NULL,
          tax_included    INTEGER NOT NULL,
          total           INTEGER NOT NULL,
          shipping_method TEXT    NOT NULL,
          email           TEXT    NOT NULL,
          address         TEXT    NOT NULL,
          lines           TEXT    NOT NULL,
          created_at      INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX orders_by_cart ON orders (cart_id) WHERE state NOT IN ('expired', 'declined');
        CREATE INDEX orders_unsettled ON orders (sequence)
          WHERE obligations <> 0 OR state IN ('pending', 'reserved', 'authorised');
        CREATE INDEX orders_by_state ON orders (state, sequence);

        CREATE TABLE order_events (
          sequence INTEGER NOT NULL REFERENCES orders (sequence) ON DELETE CASCADE,
          position INTEGER NOT NULL,
          state    TEXT    NOT NULL,
          at       INTEGER NOT NULL,
          PRIMARY KEY (sequence, position)
        ) STRICT, WITHOUT ROWID;

        -- status and body are null while the key is in flight.
        CREATE TABLE idempotency_keys (
          key         TEXT    PRIMARY KEY,
          fingerprint BLOB    NOT NULL,
          order_id    TEXT    NOT NULL,
          status      INTEGER,
          body        BLOB,
          created_at  INTEGER NOT NULL,
          CHECK ((status IS NULL) = (body IS NULL))
        ) STRICT;
        CREATE INDEX idempotency_keys_by_order ON idempotency_keys (order_id);
        CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

        -- What readiness writes, to know that writing works.
        CREATE TABLE probe (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;

        -- The test provider's own books. Nobody but TestProvider reads or writes them.
        CREATE TABLE provider_payments (
          order_id TEXT    PRIMARY KEY,
          state    TEXT    NOT NULL CHECK (state IN ('failed', 'authorised', 'declined', 'captured', 'voided',
                             'refunded')),
          amount   INTEGER NOT NULL,
          currency TEXT    NOT NULL,
          attempts INTEGER NOT NULL DEFAULT 0,
          captures INTEGER NOT NULL DEFAULT 0,
          refunds  INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """)
  ]
}
