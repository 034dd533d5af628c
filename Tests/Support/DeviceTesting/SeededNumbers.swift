/// SplitMix64: the same numbers for the same seed.
public struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  /// Numbers that `seed` decides.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  /// A number in `range`.
  public mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  /// One of `choices`.
  public mutating func pick<T>(_ choices: [T]) -> T { choices[pick(0...choices.count - 1)] }
  /// True once in `count` times.
  public mutating func once(in count: Int) -> Bool { pick(1...count) == 1 }
}
