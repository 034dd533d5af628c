import TCP

/// A hash table by `FourTuple`: open addressing, linear probing, at most half full, grown by doubling. Lookups
/// allocate nothing, and the key of the hash keeps peers from choosing their places.
struct TupleTable<Value> {
  private enum Slot {
    case empty
    case taken(FourTuple, hash: UInt64, Value)
  }

  private let key: KeyedHash
  private var slots: [Slot] = []
  /// Entries.
  private(set) var count = 0

  init(key: KeyedHash) { self.key = key }

  private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (slots.count - 1) }

  /// The slot of `tuple`, or nil.
  private func index(of tuple: FourTuple) -> Int? {
    count > 0 ? index(of: tuple, hash: tuple.hash(key)) : nil
  }

  private func index(of tuple: FourTuple, hash: UInt64) -> Int? {
    guard count > 0 else { return nil }
    var index = home(hash)
    while case .taken(let other, _, _) = slots[index] {
      if other == tuple { return index }
      index = (index + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The value of `tuple`; setting nil removes it.
  subscript(tuple: FourTuple) -> Value? {
    get {
      guard let index = index(of: tuple), case .taken(_, _, let value) = slots[index] else { return nil }
      return value
    }
    set {
      let hash = tuple.hash(key)
      let present = index(of: tuple, hash: hash)
      if let newValue {
        if let present {
          slots[present] = .taken(tuple, hash: hash, newValue)
        } else {
          if (count + 1) * 2 > slots.count { grow() }
          place(.taken(tuple, hash: hash, newValue))
          count += 1
        }
      } else if let present {
        remove(at: present)
      }
    }
  }

  private mutating func place(_ slot: Slot) {
    guard case .taken(_, let hash, _) = slot else { return }
    var index = home(hash)
    while case .taken = slots[index] { index = (index + 1) & (slots.count - 1) }
    slots[index] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: .empty, count: max(16, old.count * 2))
    for slot in old { place(slot) }
  }

  /// Closes the gap, so that no later entry of the same run is lost.
  private mutating func remove(at position: Int) {
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
    count -= 1
  }

  /// Every value, in no order.
  func forEach(_ body: (FourTuple, Value) -> Void) {
    for slot in slots {
      if case .taken(let tuple, _, let value) = slot { body(tuple, value) }
    }
  }
}
