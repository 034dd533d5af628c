import TCP
import Testing

@testable import NetworkStack

struct DerivedKeysTests {
  @Test func `no two keys are alike, nor the words of one`() {
    var keys = DerivedKeys(secret: (1, 2))
    var seen: Set<UInt64> = []
    for _ in 0..<1000 {
      let key = keys.next()
      seen.insert(key.0)
      seen.insert(key.1)
    }
    #expect(seen.count == 2000)
  }

  @Test func `a secret always gives the same keys, and each of its bits others`() {
    var (one, other) = (DerivedKeys(secret: (3, 4)), DerivedKeys(secret: (3, 4)))
    for _ in 0..<10 { #expect(one.next() == other.next()) }
    var first: Set<UInt64> = []
    for bit in 0..<64 as Range<UInt64> {
      var (low, high) = (DerivedKeys(secret: (3 ^ 1 << bit, 4)), DerivedKeys(secret: (3, 4 ^ 1 << bit)))
      first.insert(low.next().0)
      first.insert(high.next().0)
    }
    #expect(first.count == 128)
  }

  /// SipHash-2-4 of a counter and the word's index.
  @Test func `a key is the hash of its number`() {
    var keys = DerivedKeys(secret: (5, 6))
    _ = keys.next()
    let hash = KeyedHash(key: (5, 6))
    #expect(keys.next() == (hash.hash(2, 0), hash.hash(2, 1)))
  }
}
