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
      guard let newValue else {
        if let place = places.remove(tuple) { values[place] = nil }
        return
      }
      let place = places.insert(tuple)
      if place < values.count { values[place] = newValue } else { values.append(newValue) }
    }
  }

  /// Every value, in no order.
  func forEach(_ body: (FourTuple, Value) -> Void) {
    places.forEach { tuple, place in
      if let value = values[place] { body(tuple, value) }
    }
  }
}
