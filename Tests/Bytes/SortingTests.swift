import Bytes
import Testing

struct SortingTests {
  @Test func `every count of numbers is sorted as the standard library does, equals in their order`() {
    var random = SplitMix(state: 7)
    for count in 0..<70 {
      let elements = (0..<count).map { (key: Int(random.next() % 16), place: $0) }
      let expected = elements.sorted { ($0.key, $0.place) < ($1.key, $1.place) }
      let found = elements.ordered { $0.key < $1.key }
      #expect(found.map(\.key) == expected.map(\.key), "\(count)")
      #expect(found.map(\.place) == expected.map(\.place), "\(count)")
      #expect(Sorting.places(count) { elements[$0].key < elements[$1].key } == expected.map(\.place))
    }
  }

  @Test func `no order of what comes takes more comparisons than a merge sort's`() {
    let count = 1024
    for element in [{ $0 }, { -$0 }, { _ in 0 }, { $0 * 7919 % 1021 }] as [(Int) -> Int] {
      var comparisons = 0
      _ = Sorting.places(count) {
        comparisons += 1
        return element($0) < element($1)
      }
      #expect(comparisons <= count * 10)
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
