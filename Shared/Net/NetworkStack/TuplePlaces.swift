import TCP

/// Gives each `FourTuple` a small number, its place: a hash table with open addressing and linear probing, at most half
/// full, grown by doubling. Lookups allocate nothing, and the key of the hash keeps peers from choosing their slots.
struct TuplePlaces {
  private enum Slot {
    case empty
    case taken(FourTuple, hash: UInt64, place: Int)
  }

  private let key: KeyedHash
  private var slots: [Slot] = []
  /// Places that were given back.
  private var free: [Int] = []
  /// Tuples that have a place.
  private(set) var count = 0

  init(key: KeyedHash) { self.key = key }

  private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

  /// The slot of `tuple`, and its place; nil when it has none.
  private func find(_ tuple: FourTuple, _ hash: UInt64) -> (slot: Int, place: Int)? {
    guard count > 0 else { return nil }
    var index = home(hash)
    while case .taken(let other, _, let place) = slots[index] {
      if other == tuple { return (index, place) }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The place of `tuple`; nil when it has none.
  @inline(never)
  func place(of tuple: FourTuple) -> Int? { count > 0 ? find(tuple, tuple.hash(key))?.place : nil }

  /// The place of `tuple`, which gets one if it has none: one that was given back, or the next new one.
  @inline(never)
  mutating func insert(_ tuple: FourTuple) -> Int {
    let hash = tuple.hash(key)
    if let found = find(tuple, hash) { return found.place }
    if (count + 1) * 2 > slots.count { grow() }
    let place = free.popLast() ?? count
    put(.taken(tuple, hash: hash, place: place), hash)
    count += 1
    return place
  }

  @inline(never)
  private mutating func put(_ slot: Slot, _ hash: UInt64) {
    var index = home(hash)
    while case .taken = slots[index] { index = (index + 1) & (slots.count - 1) }
    slots[index] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: .empty, count: max(16, old.count * 2))
    for slot in old { if case .taken(_, let hash, _) = slot { put(slot, hash) } }
  }

  /// Takes the place of `tuple` back, and returns it; nil when it has none.
  @inline(never)
  mutating func remove(_ tuple: FourTuple) -> Int? {
    guard let (position, place) = find(tuple, tuple.hash(key)) else { return nil }
    // Closes the gap, so that no later entry of the same run is lost.
    var gap = position
    var index = (gap + 1) & (slots.count - 1)
    while case .taken(_, let hash, _) = slots[index] {
      // An entry may move back into the gap unless its home lies behind the gap.
      let distance = (index - home(hash)) & (slots.count - 1)
      if distance >= (index - gap) & (slots.count - 1) {
        slots[gap] = slots[index]
        gap = index
      }
      index = (index + 1) & (slots.count - 1)
    }
    slots[gap] = .empty
    free.append(place)
    count -= 1
    return place
  }

  /// Every tuple and its place, in no order.
  func forEach(_ body: (FourTuple, Int) -> Void) {
    for slot in slots {
      if case .taken(let tuple, _, let place) = slot { body(tuple, place) }
    }
  }
}
