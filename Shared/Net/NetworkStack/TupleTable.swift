import TCP

/// Values by `FourTuple`. Where each stands is the affair of `TuplePlaces`, which is there once for all kinds of values.
struct TupleTable<Value> {
  private var places: TuplePlaces
  private var values: [Value?] = []

  init(key: KeyedHash) { places = TuplePlaces(key: key) }

  /// Entries.
  var count: Int { places.count }

  /// The value of `tuple`; setting nil removes it.
  subscript(tuple: FourTuple) -> Value? {
    get { places.place(of: tuple).flatMap { values[$0] } }
    set {
      if let newValue { insert(newValue, tuple) } else { remove(tuple) }
    }
  }

  @inline(never)
  private mutating func insert(_ value: Value, _ tuple: FourTuple) {
    let place = places.insert(tuple)
    if place < values.count { values[place] = value } else { values.append(value) }
  }

  @inline(never)
  private mutating func remove(_ tuple: FourTuple) {
    if let place = places.remove(tuple) { values[place] = nil }
  }

  /// Every value, in no order.
  func forEach(_ body: (FourTuple, Value) -> Void) {
    places.forEach { tuple, place in
      if let value = values[place] { body(tuple, value) }
    }
  }
}
