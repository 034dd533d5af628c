// RFC 9293 §3.6.1 before changing this file.

import Platform
import TCP
import Wire

/// The connections in TIME-WAIT, with a limit: beyond it the one that has waited longest is forgotten. All wait for the
/// same time.
struct TimeWaitTable {
  private struct Entry {
    let tuple: FourTuple
    var wait: TimeWait
    /// Whose time comes next before it, and next after it: places; `nobody` at the ends.
    var before = TimeWaitTable.nobody
    var after = TimeWaitTable.nobody
  }

  private static let nobody = -1

  private var places: TuplePlaces
  /// By place. Those that are remembered are linked in the order in which their time comes.
  private var entries: [Entry] = []
  private var first = Self.nobody
  private var last = Self.nobody
  private let limit: Int
  /// How many were forgotten before their time.
  private(set) var evictedCount: UInt64 = 0

  init(key: KeyedHash, limit: Int) {
    precondition(limit > 0)
    places = TuplePlaces(key: key)
    self.limit = limit
  }

  /// Connections that are remembered.
  var count: Int { places.count }

  /// When `advance` has something to do.
  var deadline: Instant { first == Self.nobody ? .never : entries[first].wait.until }

  /// What is remembered of a connection.
  subscript(tuple: FourTuple) -> TimeWait? {
    guard let place = places.place(of: tuple) else { return nil }
    return entries[place].wait
  }

  /// Remembers a connection.
  mutating func insert(_ tuple: FourTuple, _ wait: TimeWait) {
    if count >= limit {
      forget(entries[first].tuple)
      evictedCount &+= 1
    }
    let known = count
    let place = places.insert(tuple)
    if count == known { unlink(place) }
    let entry = Entry(tuple: tuple, wait: wait)
    if place < entries.count { entries[place] = entry } else { entries.append(entry) }
    link(place)
  }

  /// Takes a segment of a connection, and forgets the connection when another begins by it; nil when it is not
  /// remembered.
  @inline(never)
  mutating func receive(
    _ segment: borrowing TCPSegment, of tuple: FourTuple, at now: Instant
  ) -> TimeWait.Answer? {
    guard let place = places.place(of: tuple) else { return nil }
    let until = entries[place].wait.until
    let answer = entries[place].wait.receive(segment, at: now)
    if case .reopen = answer {
      forget(tuple)
    } else if entries[place].wait.until != until {
      // Its wait began anew.
      unlink(place)
      link(place)
    }
    return answer
  }

  /// Forgets a connection, if it is remembered.
  mutating func forget(_ tuple: FourTuple) {
    if let place = places.remove(tuple) { unlink(place) }
  }

  /// Forgets those whose time has come.
  mutating func advance(to now: Instant) {
    while deadline <= now { forget(entries[first].tuple) }
  }

  // MARK: Order

  /// Puts an entry behind all others.
  @inline(never)
  private mutating func link(_ place: Int) {
    entries[place].before = last
    entries[place].after = Self.nobody
    if last == Self.nobody { first = place } else { entries[last].after = place }
    last = place
  }

  @inline(never)
  private mutating func unlink(_ place: Int) {
    let (before, after) = (entries[place].before, entries[place].after)
    if before == Self.nobody { first = after } else { entries[before].after = after }
    if after == Self.nobody { last = before } else { entries[after].before = before }
  }
}
