import CSQLite
import EventLoop
import Machine
import Platform
import _Concurrency

/// The image of Tests/Unikernel/boot for SQLite: tables, constraints and a search in memory, as the services use them.
@main
enum Main {
  static func main() {
    Board.run { board in
      // As Storage has it: SQLite runs on a worker's stack, a task waits for it.
      let worker = FiberWorker(loop: board.loop)
      board.loop.spawn {
        // Safe: one processor.
        nonisolated(unsafe) let out = board.console
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
          worker.submit {
            open(out)
            continuation.resume()
          }
        }
        let stack = worker.stackPeakByteCount / 1024
        out.write(line: "sqlite: \(board.heap.peakByteCount / 1024) KB of heap, \(stack) KB of stack")
        out.write(line: "done")
        board.loop.stop()
      }
    }
  }

  static func open(_ out: BoardConsole) {
    out.write(line: "sqlite: version \(String(cString: sqlite3_libversion()))")
    check(EmptyDisk.register(), nil, out)
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    check(sqlite3_open_v2(":memory:", &opened, flags, nil), opened, out)
    guard let database = opened else { return }
    run(database, out)
    check(sqlite3_close_v2(database), nil, out)
  }

  static func run(_ database: OpaquePointer, _ out: BoardConsole) {
    let tables = """
      CREATE TABLE product (row INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL CHECK (price >= 0));
      CREATE INDEX product_price ON product (price DESC, row);
      CREATE TABLE tag (tag TEXT NOT NULL, product INTEGER NOT NULL REFERENCES product (row) ON DELETE CASCADE,
        PRIMARY KEY (tag, product)) WITHOUT ROWID;
      CREATE VIRTUAL TABLE words USING fts5 (name, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
      INSERT INTO product (name, price) VALUES ('Teapot', 1999), ('Café crème', 350), ('Tea towel', 800), ('Tea tea', 1);
      INSERT INTO tag VALUES ('kitchen', 1), ('kitchen', 3), ('drink', 2);
      INSERT INTO words (rowid, name) SELECT row, name FROM product;
      """
    check(sqlite3_exec(database, tables, nil, nil, nil), database, out)
    print("dearest", "SELECT name FROM product ORDER BY price DESC, row LIMIT 2", database, out)
    print("diacritics", "SELECT name FROM words WHERE words MATCH 'creme'", database, out)
    print("prefix", "SELECT count(*) FROM words WHERE words MATCH 'te*'", database, out)
    // bm25 takes a logarithm; the figure is what SQLite says in a process.
    let score = "CAST(bm25(words, 10.0) * 1000000000000.0 AS INTEGER)"
    print("score", "SELECT \(score) FROM words WHERE words MATCH 'cafe'", database, out)
    print("best", "SELECT name FROM words WHERE words MATCH 'tea' ORDER BY bm25(words)", database, out)
    print("real", "SELECT printf('%.15g', 0.1 + 0.2), 1e300 * 1e10, CAST('12.5' AS REAL) / 4", database, out)
    print("returning", "UPDATE product SET price = price + 1 WHERE row = 2 RETURNING price", database, out)
    print("refused", "INSERT INTO product (name, price) VALUES ('x', -1)", database, out)
    print("orphan", "INSERT INTO tag VALUES ('x', 99)", database, out)
    print("cascade", "DELETE FROM product WHERE row = 1 RETURNING row", database, out)
    print("left", "SELECT count(*) FROM tag", database, out)
    print("sound", "PRAGMA quick_check(1)", database, out)
    print("no disk", "ATTACH '/shop.db' AS other", database, out)
    let language = "WITH a AS MATERIALIZED (SELECT 1 AS b) SELECT b, date(0, 'unixepoch') FROM a"
    print("language", language, database, out)
    fill(database, out)
    deepen(database, out)
  }

  /// Statements as deep as SQLite takes them, for the stack's high-water mark; and deeper ones, which it refuses.
  static func deepen(_ database: OpaquePointer, _ out: BoardConsole) {
    func nest(_ count: Int, _ open: String, _ inner: String, _ close: String) -> String {
      String(repeating: open, count: count) + inner + String(repeating: close, count: count)
    }
    print("deep", "SELECT " + nest(98, "", "1", " + abs(row)") + " FROM product LIMIT 1", database, out)
    print("deeper", "SELECT " + nest(100, "", "1", " + 1"), database, out)
    print("parentheses", "SELECT " + nest(24, "abs(", "1", ")"), database, out)
    print("more", "SELECT " + nest(50, "abs(", "1", ")"), database, out)
    print("selects", nest(9, "SELECT * FROM (", "SELECT 1 AS x", ") LIMIT 1"), database, out)
    let search = nest(20, "(tea OR ", "x", ")")
    print("search", "SELECT count(*) FROM words WHERE words MATCH '\(search)'", database, out)
    let views = (1...40).map { ", v\($0) AS (SELECT x + 1 AS x FROM v\($0 - 1) LIMIT 1)" }.joined()
    print("views", "WITH v0 AS (SELECT 1 AS x) \(views) SELECT x FROM v40", database, out)
  }

  /// What statements cost: 2,000 rows, then each of them by its key.
  static func fill(_ database: OpaquePointer, _ out: BoardConsole) {
    check(sqlite3_exec(database, "BEGIN", nil, nil, nil), database, out)
    let inserts = cost(of: "INSERT INTO product (name, price) VALUES ('row ' || ?1, ?1)", database, out)
    check(sqlite3_exec(database, "COMMIT", nil, nil, nil), database, out)
    let selects = cost(of: "SELECT name FROM product WHERE row = ?1", database, out)
    out.write(line: "cost: \(inserts) ns an INSERT, \(selects) ns a SELECT")
  }

  static func cost(of sql: String, _ database: OpaquePointer, _ out: BoardConsole) -> Int64 {
    var statement: OpaquePointer?
    check(sqlite3_prepare_v3(database, sql, -1, 0, &statement, nil), database, out)
    let rounds: Int64 = 2000
    let clock = BoardClock()
    let start = clock.now
    for round in 0..<rounds {
      sqlite3_bind_int64(statement, 1, round)
      while case let code = sqlite3_step(statement), code != SQLITE_DONE {
        if code != SQLITE_ROW { check(code, database, out) }
      }
      sqlite3_reset(statement)
    }
    let passed = clock.now - start
    sqlite3_finalize(statement)
    return passed.nanoseconds / rounds
  }

  /// Runs one statement and prints its rows, or why not.
  static func print(_ title: String, _ sql: String, _ database: OpaquePointer, _ out: BoardConsole) {
    var statement: OpaquePointer?
    var code = sqlite3_prepare_v3(database, sql, -1, 0, &statement, nil)
    var text = title + ":"
    while code == SQLITE_OK || code == SQLITE_ROW {
      code = sqlite3_step(statement)
      guard code == SQLITE_ROW else { break }
      for column in 0..<sqlite3_column_count(statement) {
        text += " " + (sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL")
      }
    }
    if code != SQLITE_DONE { text += " " + String(cString: sqlite3_errmsg(database)) }
    sqlite3_finalize(statement)
    out.write(line: text)
  }

  static func check(_ code: Int32, _ database: OpaquePointer?, _ out: BoardConsole) {
    guard code != SQLITE_OK else { return }
    out.write(line: "sqlite: \(String(cString: database.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)))")
    fatalError("SQLite failed")
  }
}
