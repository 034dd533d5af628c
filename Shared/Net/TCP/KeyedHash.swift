// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), before changing this file.

import Wire

/// SipHash-2-4: a pseudo-random function of a secret key, for what a peer must not foresee: initial sequence numbers
/// (RFC 6528 §3), ephemeral ports (RFC 6056 §3.3) and the places of connections in a table.
public struct KeyedHash: Sendable {
  private let key: (UInt64, UInt64)

  /// The function of a key of 16 random bytes.
  public init(key: (UInt64, UInt64)) { self.key = key }

  /// The hash of 16 bytes, given as two little-endian words. Cost: about 150 instructions.
  public func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var state = State(key)
    state.compress(first)
    state.compress(second)
    // The last block holds the length in its highest byte (§2.2).
    state.compress(16 << 56)
    return state.finish()
  }

  /// The hash of 40 bytes, as `hash(_:_:)` of 16. Cost: about 300 instructions.
  public func hash(_ words: InlineArray<5, UInt64>) -> UInt64 {
    var state = State(key)
    for index in words.indices { state.compress(words[index]) }
    state.compress(40 << 56)
    return state.finish()
  }

  /// The hash of two addresses and a number. For two IPv4 addresses it costs what `hash(_:_:)` does; what else is
  /// hashed is longer, so that no IPv6 addresses can be mistaken for them.
  @inline(never)
  public func hash(_ local: IPv6Address, _ remote: IPv6Address, _ number: UInt64) -> UInt64 {
    if let local = local.mapped, let remote = remote.mapped {
      return hash(UInt64(local.rawValue) << 32 | UInt64(remote.rawValue), number)
    }
    return hash([local.high, local.low, remote.high, remote.low, number])
  }

  private struct State {
    var v0: UInt64
    var v1: UInt64
    var v2: UInt64
    var v3: UInt64

    @inline(__always)
    init(_ key: (UInt64, UInt64)) {
      v0 = key.0 ^ 0x736f_6d65_7073_6575
      v1 = key.1 ^ 0x646f_7261_6e64_6f6d
      v2 = key.0 ^ 0x6c79_6765_6e65_7261
      v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func round() {
      v0 &+= v1
      v1 = v1 << 13 | v1 >> 51
      v1 ^= v0
      v0 = v0 << 32 | v0 >> 32
      v2 &+= v3
      v3 = v3 << 16 | v3 >> 48
      v3 ^= v2
      v0 &+= v3
      v3 = v3 << 21 | v3 >> 43
      v3 ^= v0
      v2 &+= v1
      v1 = v1 << 17 | v1 >> 47
      v1 ^= v2
      v2 = v2 << 32 | v2 >> 32
    }

    @inline(__always)
    mutating func compress(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> UInt64 {
      v2 ^= 0xff
      for _ in 0..<4 { round() }
      return v0 ^ v1 ^ v2 ^ v3
    }
  }
}
