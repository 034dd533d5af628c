import Platform

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): the same numbers for the
/// same seed, everywhere.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The numbers of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  /// Numbers of their own for a part of a world, so that one part's draws do not move another's.
  public mutating func split() -> SplitMix64 { SplitMix64(seed: next()) }

  /// Whether something of this probability (0...1) happens. Draws nothing when it cannot or must.
  public mutating func chance(_ probability: Double) -> Bool {
    if probability <= 0 { return false }
    if probability >= 1 { return true }
    return Double(next() >> 11) * 0x1p-53 < probability
  }

  /// A number below `bound`, which is positive. The bias of the remainder does not matter to a simulation.
  public mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

  /// A number in `range`.
  public mutating func pick(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(below(UInt64(range.upperBound - range.lowerBound) + 1))
  }

  /// One of `choices`, which is not empty.
  public mutating func pick<T>(_ choices: [T]) -> T { choices[Int(below(UInt64(choices.count)))] }
}

/// Reproducible bytes where a machine has random ones.
public final class SeededEntropy: Entropy {
  private var numbers: SplitMix64

  /// The bytes of `seed`.
  public init(seed: UInt64) { numbers = SplitMix64(seed: seed) }

  /// Fills all of `bytes`.
  public func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: numbers.next()) }
  }
}
