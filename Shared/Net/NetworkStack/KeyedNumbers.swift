import TCP

/// Numbers that nobody without the key can foresee: SipHash of a counter. A state machine is given 16 random bytes
/// once instead of some at every event, and a test repeats a run by its key. For keys there is `DerivedKeys`.
struct KeyedNumbers: RandomNumberGenerator, Sendable {
  private let hash: KeyedHash
  private var counter: UInt64 = 0

  /// The numbers of a key of 16 random bytes, which no other use shares.
  init(key: (UInt64, UInt64)) { hash = KeyedHash(key: key) }

  /// The next number.
  @inline(never)
  mutating func next() -> UInt64 {
    counter &+= 1
    return hash.hash(counter, 0)
  }
}
