// After the manner of NIST SP 800-108 rev. 1 §4.1 (key derivation in counter mode), with SipHash for its function and
// neither label nor context: read that before changing this file.

import TCP

/// The keys of one stack, all of one secret: SipHash-2-4 of a counter under it, two words for each key. SipHash is a
/// pseudo-random function, so who learns a key learns nothing of the others, nor of the secret, which does nothing else.
/// A generator's request costs far more than its bytes: one for all the keys instead of one for each.
struct DerivedKeys: Sendable {
  private let hash: KeyedHash
  private var counter: UInt64 = 0

  /// The keys of a secret of 16 random bytes, which no other use shares.
  init(secret: (UInt64, UInt64)) { hash = KeyedHash(key: secret) }

  /// A key that was not handed out before.
  @inline(never)
  mutating func next() -> (UInt64, UInt64) {
    counter &+= 1
    return (hash.hash(counter, 0), hash.hash(counter, 1))
  }
}
