import Testing

@testable import Storage

@Suite(.everywhere) struct StatementTests {
  let bench = Bench()

  private func write<T: Sendable>(
    _ body: @escaping @Sendable (Connection) throws(StorageError) -> T
  ) throws -> T {
    let database = try bench.open().get()
    let slot = bench.write(database) { (connection) throws(StorageError) in .commit(try body(connection)) }
    bench.finish()
    bench.close(database)
    return try slot.value!.get()
  }

  @Test func `every kind of value comes back as it went in`() throws {
    let text = "Zoë 👟\0 end"
    let row = try write { (connection) throws(StorageError) in
      try connection.first(
        "SELECT ?, ?, ?, ?, ?, ?, ?",
        [nil, .integer(.min), .real(-0.5), .text(text), .text(""), .blob([0, 255]), .blob([])]
      ) { row in
        (
          row.isNull(0), row.int(1), row.real(2), row.text(3), row.optionalText(4), row.blob(5),
          row.optionalBlob(6)
        )
      }
    }
    let value = try #require(row)
    #expect(value.0 && value.1 == .min && value.2 == -0.5 && value.3 == text && value.4 == "")
    #expect(value.5 == [0, 255] && value.6 == [])
  }

  @Test func `literals and optionals make values`() {
    let values: [SQLValue] = [nil, 7, 1.5, "x", true]
    #expect(values == [.null, .integer(7), .real(1.5), .text("x"), .integer(1)])
    #expect(SQLValue(nil as String?) == .null && SQLValue("a" as String?) == .text("a"))
    #expect(SQLValue(nil as Int64?) == .null && SQLValue(3) == .integer(3) && SQLValue(false) == .integer(0))
  }

  @Test(arguments: [
    ("INSERT INTO items (name) VALUES (NULL)", Constraint.notNull),
    ("INSERT INTO items (name) VALUES (printf('%200d', 1))", .check),
    ("INSERT INTO items VALUES (1, 'a'), (1, 'b')", .unique),
    ("INSERT INTO items (name) VALUES ('a'), ('a')", .unique),
    ("INSERT INTO parts VALUES (5, 5)", .foreignKey),
    ("INSERT INTO parts VALUES ('five', 5)", .type),
  ]) func `a broken rule is named`(sql: String, constraint: Constraint) throws {
    #expect(throws: StorageError.constraint(constraint)) {
      _ = try write { (connection) throws(StorageError) in try connection.execute(sql) }
    }
  }

  @Test func `execute counts the rows it changed`() throws {
    let counts = try write { (connection) throws(StorageError) in
      [
        try connection.execute("INSERT INTO items (name) VALUES ('a'), ('b'), ('c')"),
        try connection.execute("UPDATE items SET name = name || '!' WHERE id > 1"),
        try connection.execute("DELETE FROM items WHERE id > 5"),
        try connection.execute("SELECT 1"),
      ]
    }
    #expect(counts == [3, 2, 0, 0])
  }

  @Test func `a RETURNING clause is run to its end`() throws {
    let result = try write { (connection) throws(StorageError) in
      let first = try connection.first(
        "INSERT INTO items (name) VALUES ('a'), ('b') RETURNING id"
      ) { $0.int(0) }
      return (first, try connection.query("SELECT name FROM items ORDER BY id") { $0.text(0) })
    }
    #expect(result.0 == 1 && result.1 == ["a", "b"])
  }

  @Test func `a statement used inside its own rows gets a second one`() throws {
    let pairs = try write { (connection) throws(StorageError) in
      let sql = "SELECT value FROM (SELECT 1 AS value UNION SELECT 2)"
      return try connection.query(sql) { outer throws(StorageError) in
        try connection.query(sql) { inner in outer.int(0) * 10 + inner.int(0) }
      }
    }
    #expect(pairs == [[11, 12], [21, 22]])
  }

  @Test func `statements are kept, and no more than the limit`() throws {
    var limits = StorageLimits()
    limits.maximumStatementCount = 16
    let database = try bench.open(limits: limits).get()
    let slot = bench.read(database) { (connection) throws(StorageError) in
      let before = connection.cachedStatementCount
      for _ in 0..<10 { _ = try connection.first("SELECT 1") { $0.int(0) } }
      let after = connection.cachedStatementCount
      for number in 0..<100 {
        _ = try connection.first("SELECT \(number) + 0") { $0.int(0) }
        // Used all the time, so never the one that goes.
        _ = try connection.first("SELECT 1") { $0.int(0) }
      }
      return [after - before, connection.cachedStatementCount]
    }
    bench.finish()
    #expect(slot.value == .success([1, 16]))
    bench.close(database)
  }

  @Test func `an error in a mapping leaves the statement usable`() throws {
    let values = try write { (connection) throws(StorageError) in
      let sql = "SELECT 1 UNION SELECT 2"
      do throws(StorageError) {
        _ = try connection.query(sql) { (_) throws(StorageError) -> Int in throw .full }
      } catch {
        guard error == .full else { throw error }
      }
      return try connection.query(sql) { $0.int(0) }
    }
    #expect(values == [1, 2])
  }

  @Test(arguments: ["", "-- nothing", "SELECT 1; SELECT 2", "SELEC 1"])
  func `a text is one statement`(sql: String) throws {
    #expect(throws: StorageError.self) {
      _ = try write { (connection) throws(StorageError) in try connection.execute(sql) }
    }
  }

  @Test func `white space after a statement is no second one`() throws {
    let count = try write { (connection) throws(StorageError) in
      try connection.execute("INSERT INTO items (name) VALUES ('a');\n  ")
    }
    #expect(count == 1)
  }
}
