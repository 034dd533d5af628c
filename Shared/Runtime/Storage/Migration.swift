import Bytes
import CSQLite

/// One step of a schema. Steps are only ever added: what a released version did is not edited.
public struct Migration: Sendable {
  /// What `PRAGMA user_version` says afterwards. At least 1, ascending.
  public let version: Int
  /// Statements, separated by `;`. Run in one transaction together with the change of the version.
  public let sql: String

  /// A step to `version`.
  public init(version: Int, sql: String) {
    self.version = version
    self.sql = sql
  }
}

extension Connection {
  /// Brings the schema up to date; refuses a database that is ahead of `migrations`.
  func migrate(_ migrations: [Migration]) throws(StorageError) {
    var known = 0
    for migration in migrations {
      precondition(migration.version > known, "migrations ascend from 1")
      known = migration.version
    }
    let version = try first("PRAGMA user_version") { Int($0.int(0)) } ?? 0
    guard version <= known else { throw .newer(version: version, known: known) }
    for migration in migrations where migration.version > version {
      do throws(StorageError) {
        try run(script: "BEGIN IMMEDIATE")
        try run(script: migration.sql)
        try run(script: "PRAGMA user_version = \(migration.version)")
        try run(script: "COMMIT")
      } catch {
        if !isOutsideTransaction { try run(script: "ROLLBACK") }
        guard case .sql(let code, let message) = error else { throw error }
        throw .sql(code: code, message: "migration \(migration.version): \(message)")
      }
    }
  }
}
