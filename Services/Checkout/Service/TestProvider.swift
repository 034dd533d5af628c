import Bytes
import EventLoop
import Platform
import Shop
import Storage
import _Concurrency

/// The built-in provider: it moves no money and keeps books as a real one would.
///
/// Its books are tables of their own in the checkout database, written in transactions of their own, so they
/// survive a crash of checkout as an outside provider's would: what it has said stays said, and whether it was
/// asked twice shows.
///
/// | token | it |
/// |---|---|
/// | `tok_ok` | approves |
/// | `tok_declined` | declines |
/// | `tok_timeout` | does not answer before the deadline; its authorisation comes in `tooLate` after it was asked |
/// | `tok_flaky` | fails once per order, then approves |
/// | `tok_slow` | approves after `slow` |
public final class TestProvider: PaymentProvider {
  private let database: Database
  private let loop: EventLoop

  /// How long `tok_slow` takes.
  public static let slow = Duration.seconds(2)
  /// How long `tok_timeout` takes; beyond `PaymentDesk.deadline`.
  public static let tooLate = Duration.seconds(6)

  /// A provider whose books are in `database`.
  public init(database: Database, loop: EventLoop) {
    self.database = database
    self.loop = loop
  }

  private enum Token: String, Sendable {
    case ok = "tok_ok"
    case declined = "tok_declined"
    case timeout = "tok_timeout"
    case flaky = "tok_flaky"
    case slow = "tok_slow"
  }

  public func isWellFormed(token: String) -> Bool { Token(rawValue: token) != nil }

  public func authorise(orderID: String, token: String, amount: Money) async -> PaymentReply {
    guard let token = Token(rawValue: token) else { return .refused }
    switch token {
    case .slow: await loop.sleep(for: Self.slow)
    case .timeout: await loop.sleep(for: Self.tooLate)
    case .ok, .declined, .flaky: break
    }
    return await transaction { (books) throws(StorageError) in
      switch try books.state(of: orderID) {
      case "authorised", "captured": return .done
      case "declined", "voided", "refunded": return .refused
      case "failed": break
      default:
        if token == .flaky {
          try books.open(orderID, state: "failed", amount)
          return .failed
        }
      }
      let state = token == .declined ? "declined" : "authorised"
      try books.open(orderID, state: state, amount)
      return token == .declined ? .refused : .done
    }
  }

  public func capture(orderID: String) async -> PaymentReply {
    await transaction { (books) throws(StorageError) in
      switch try books.state(of: orderID) {
      case "captured": return .done
      case "authorised":
        try books.update(orderID, "state = 'captured', captures = captures + 1")
        return .done
      default: return .refused
      }
    }
  }

  public func undo(orderID: String) async -> PaymentReply {
    await transaction { (books) throws(StorageError) in
      switch try books.state(of: orderID) {
      case nil: try books.open(orderID, state: "voided", nil)
      case "authorised", "failed": try books.update(orderID, "state = 'voided'")
      case "captured": try books.update(orderID, "state = 'refunded', refunds = refunds + 1")
      default: break
      }
      return .done
    }
  }

  private func transaction(
    _ body: @escaping @Sendable (Books) throws(StorageError) -> PaymentReply
  ) async -> PaymentReply {
    do throws(StorageError) {
      return try await database.write { (connection) throws(StorageError) in
        .commit(try body(Books(connection: connection)))
      }
    } catch {
      return .failed
    }
  }

  private struct Books {
    let connection: Connection

    func state(of orderID: String) throws(StorageError) -> String? {
      try connection.first("SELECT state FROM provider_payments WHERE order_id = ?", [.text(orderID)]) {
        row in
        row.text(0)
      }
    }

    func open(_ orderID: String, state: String, _ amount: Money?) throws(StorageError) {
      _ = try connection.execute(
        """
        INSERT INTO provider_payments (order_id, state, amount, currency, attempts) VALUES (?, ?, ?, ?, 1)
        ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, attempts = attempts + 1
        """,
        [.text(orderID), .text(state), .integer(amount?.amount ?? 0), .text(amount?.currency ?? "XXX")])
    }

    func update(_ orderID: String, _ change: String) throws(StorageError) {
      _ = try connection.execute(
        "UPDATE provider_payments SET " + change + " WHERE order_id = ?", [.text(orderID)])
    }
  }
}
