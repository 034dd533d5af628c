// RFC 9293 §3.6.1 before changing this file.

import DequeModule
import Platform
import TCP

/// The connections in TIME-WAIT, with a limit: beyond it the one that has waited longest is forgotten.
struct TimeWaitTable {
  private struct Entry {
    var wait: TimeWait
    /// Tells this wait from an earlier one of the same connection, whose place in `order` is still there.
    let serial: UInt64
  }

  private var table: TupleTable<Entry>
  /// Waits by the time they ended when they were entered; at most `limit`, those of forgotten waits included.
  private var order = Deque<(tuple: FourTuple, serial: UInt64, until: Instant)>()
  private var serial: UInt64 = 0
  private let limit: Int
  /// How many were forgotten before their time.
  private(set) var evictedCount: UInt64 = 0

  init(key: KeyedHash, limit: Int) {
    precondition(limit > 0)
    table = TupleTable(key: key)
    self.limit = limit
  }

  /// Connections that are remembered.
  var count: Int { table.count }

  /// When `advance` has something to do.
  var deadline: Instant { order.first?.until ?? .never }

  /// Remembers a connection.
  mutating func insert(_ tuple: FourTuple, _ wait: TimeWait) {
    while order.count >= limit, let oldest = order.popFirst() {
      guard entry(oldest.tuple, oldest.serial) != nil else { continue }
      table[oldest.tuple] = nil
      evictedCount &+= 1
    }
    serial += 1
    table[tuple] = Entry(wait: wait, serial: serial)
    order.append((tuple, serial, wait.until))
  }

  /// What is remembered of a connection, when it is that of `serial`.
  @inline(never)
  private func entry(_ tuple: FourTuple, _ serial: UInt64) -> Entry? {
    guard let entry = table[tuple], entry.serial == serial else { return nil }
    return entry
  }

  /// What is remembered of a connection; nil forgets it.
  subscript(tuple: FourTuple) -> TimeWait? {
    get { table[tuple]?.wait }
    set {
      if let newValue, let entry = table[tuple] {
        table[tuple] = Entry(wait: newValue, serial: entry.serial)
      } else if newValue == nil {
        table[tuple] = nil
      }
    }
  }

  /// Forgets those whose time has come.
  mutating func advance(to now: Instant) {
    while let first = order.first, first.until <= now {
      order.removeFirst()
      guard let entry = entry(first.tuple, first.serial) else { continue }
      if entry.wait.until <= now {
        table[first.tuple] = nil
      } else {
        // Its wait began anew meanwhile.
        order.append((first.tuple, first.serial, entry.wait.until))
      }
    }
  }
}
