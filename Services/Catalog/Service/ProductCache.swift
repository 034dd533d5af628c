import Bytes
import CatalogAPI
import HTTPCore

/// Products' answers, kept ready to be sent: everything but `date` and `x-request-id`.
///
/// A set-associative table, because ids are random: a set of four places for each hash, the place to give up
/// found by second chance. Bounded in entries and in bytes. Looking up allocates nothing.
///
/// Every writer calls `invalidate` before it answers. A read takes a ticket before it asks the database and
/// hands it in with what it found: if the product's set was invalidated in between, what was found may be from
/// before the write, and is not kept.
final class ProductCache {
  /// An id's 22 bytes, in three overlapping words. Other texts of 22 bytes are never put in, so never found.
  struct Key: Equatable {
    let first: UInt64
    let middle: UInt64
    let last: UInt64

    /// The key at `offset`; the span reaches at least `Key.byteCount` further.
    @inline(__always)
    init(_ span: RawSpan, at offset: Int) {
      // Bounds-checked, and every bit pattern is a number.
      first = span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      middle = span.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
      // As above; it overlaps the middle.
      last = span.unsafeLoadUnaligned(fromByteOffset: offset + 14, as: UInt64.self)
    }

    /// The key of an id; nil when it is not as long as ids are.
    init?(_ id: String) {
      let bytes = Array(id.utf8)
      guard bytes.count == Self.byteCount else { return nil }
      self.init(bytes.span.bytes, at: 0)
    }

    static let byteCount = 22

    /// Ids are random in every byte; the multiplication brings them together in the upper bits.
    @inline(__always)
    var hash: UInt64 { (first ^ middle &* 31) &* 0x9e37_79b9_7f4a_7c15 }
  }

  /// A product's answer.
  final class Entry {
    let key: Key
    /// Fields from behind the date on, the empty line, the body.
    let bytes: [UInt8]
    let bodyStart: Int
    /// The fields of a 304, the empty line.
    let notModified: [UInt8]
    /// As it stands in `etag`.
    let entityTag: [UInt8]
    /// Asked for since the hand last came by.
    var isRecent = true

    init(_ key: Key, entityTag: String, body: [UInt8]) {
      self.key = key
      self.entityTag = Array(entityTag.utf8)
      var fields = Array("\r\netag: ".utf8)
      fields += self.entityTag
      fields += Array("\r\ncache-control: no-cache\r\n".utf8)
      notModified = fields + Array("\r\n".utf8)
      fields += Array("content-type: application/json\r\ncontent-length: \(body.count)\r\n\r\n".utf8)
      bodyStart = fields.count
      bytes = fields + body
    }

    var byteCount: Int { bytes.count + notModified.count + entityTag.count + 128 }
  }

  /// Permission to put a product in, unless it was invalidated meanwhile.
  struct Ticket {
    fileprivate let key: Key
    fileprivate let generation: UInt64
  }

  private static let ways = 4
  private let setMask: Int
  private let maximumByteCount: Int
  /// Empty until something is kept: a start need not write to all of them.
  private var places: [Entry?] = []
  private let placeCount: Int
  /// Counts the invalidations of each set.
  private var generations: [UInt64]
  private var hand = 0

  /// Bytes of everything that is kept.
  private(set) var byteCount = 0
  /// Answers that are kept.
  private(set) var count = 0
  /// Requests answered from here.
  private(set) var hitCount: UInt64 = 0

  /// An empty cache. `entryCount` is a power of two.
  init(
    entryCount: Int = CatalogLimits.cacheEntryCount, maximumByteCount: Int = CatalogLimits.cacheByteCount
  ) {
    precondition(entryCount >= Self.ways && entryCount & (entryCount - 1) == 0)
    setMask = entryCount / Self.ways - 1
    self.maximumByteCount = maximumByteCount
    placeCount = entryCount
    generations = Array(repeating: 0, count: entryCount / Self.ways)
  }

  @inline(__always)
  private func set(of key: Key) -> Int { Int(truncatingIfNeeded: key.hash >> 32) & setMask }

  /// What is kept under `key`.
  @inline(__always)
  func find(_ key: Key) -> Entry? {
    if places.isEmpty { return nil }
    let start = set(of: key) * Self.ways
    for place in start..<start + Self.ways {
      if let entry = places[place], entry.key == key {
        entry.isRecent = true
        hitCount &+= 1
        return entry
      }
    }
    return nil
  }

  /// Taken before the database is asked; nil for what no product is called.
  func ticket(for id: String) -> Ticket? {
    Key(id).map { Ticket(key: $0, generation: generations[set(of: $0)]) }
  }

  /// Keeps an answer, unless the product may have changed since the ticket was taken.
  func insert(_ ticket: Ticket, entityTag: String, body: [UInt8]) {
    let set = set(of: ticket.key)
    guard generations[set] == ticket.generation else { return }
    let entry = Entry(ticket.key, entityTag: entityTag, body: body)
    // One answer never takes more than a sixteenth of the room.
    guard entry.byteCount <= maximumByteCount / 16 else { return }
    if places.isEmpty { places = Array(repeating: nil, count: placeCount) }
    remove(ticket.key)
    let place = freePlace(in: set)
    places[place] = entry
    count += 1
    byteCount += entry.byteCount
    while byteCount > maximumByteCount { advanceHand(sparing: place) }
  }

  /// Forgets a product, also for reads that are under way.
  func invalidate(_ id: String) {
    guard let key = Key(id) else { return }
    generations[set(of: key)] &+= 1
    remove(key)
  }

  /// Forgets products.
  func invalidate(_ ids: [String]) { for id in ids { invalidate(id) } }

  /// Forgets everything: for a write of which nobody knows what it did.
  func invalidateAll() {
    for set in generations.indices { generations[set] &+= 1 }
    for place in places.indices { places[place] = nil }
    byteCount = 0
    count = 0
  }

  private func remove(_ key: Key) {
    if places.isEmpty { return }
    let start = set(of: key) * Self.ways
    for place in start..<start + Self.ways where places[place]?.key == key { vacate(place) }
  }

  private func vacate(_ place: Int) {
    guard let entry = places[place] else { return }
    byteCount -= entry.byteCount
    count -= 1
    places[place] = nil
  }

  private func freePlace(in set: Int) -> Int {
    let start = set * Self.ways
    for place in start..<start + Self.ways where places[place] == nil { return place }
    for place in start..<start + Self.ways {
      if let entry = places[place], !entry.isRecent {
        vacate(place)
        return place
      }
      places[place]?.isRecent = false
    }
    vacate(start)
    return start
  }

  private func advanceHand(sparing spared: Int) {
    if hand != spared, let entry = places[hand] {
      if entry.isRecent { entry.isRecent = false } else { vacate(hand) }
    }
    hand = hand + 1 == places.count ? 0 : hand + 1
  }
}
