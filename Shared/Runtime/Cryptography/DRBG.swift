// NIST SP 800-90A rev. 1 §10.1.2 before changing this file.

import CBearSSL
import Platform

/// A random generator fit for keys: HMAC_DRBG with SHA-256, by BearSSL, fed from a slower source of entropy.
///
/// BearSSL's other generator, AES in counter mode, would take a twentieth of the instructions where the processor has
/// AES. It follows no standard, its author calls it inadequate for production (bearssl_rand.h), and who learns its state
/// learns what it made before. So a start pays 113,000 instructions, for the seed and for one request.
public final class DRBG: Entropy {
  /// Bytes made before fresh entropy is mixed in.
  public static let reseedByteCount = 1 << 20
  /// Bytes made by one request (SP 800-90A allows 2^19 bits).
  static let maximumRequestByteCount = 1 << 16
  /// 256 bits of entropy and half as much for the nonce (SP 800-90A §8.6.7).
  static let seedByteCount = 48
  static let reseedInputByteCount = 32

  /// The largest request that is answered out of `pool`: identifiers, keys of hash tables.
  static let maximumSmallByteCount = 96

  private let source: any Entropy
  private var context = br_hmac_drbg_context()
  private var untilReseed = DRBG.reseedByteCount
  /// Bytes made ahead for small requests, since a request of 8 bytes costs the generator as much as one of 128 (about
  /// 30,000 instructions). Each is handed out once and then overwritten.
  private var pool = InlineArray<256, UInt8>(repeating: 0)
  /// How many at the end of `pool` were not handed out yet.
  private var pooledByteCount = 0
  /// How many are made when too few are left.
  private var poolStep = DRBG.firstPoolByteCount

  /// Bytes that are made first: what a service draws until it serves (16 for the network's keys, 32 for SQLite, 5 for
  /// each server's ids), since a start should make no more.
  static let firstPoolByteCount = 64

  /// A generator seeded from `source`, which it keeps for reseeding.
  public init(seededFrom source: any Entropy) {
    self.source = source
    withSeed(Self.seedByteCount) {
      br_hmac_drbg_init(&context, souk_bearssl_sha256(), $0.baseAddress, $0.count)
    }
  }

  /// Fills all of `bytes`.
  public func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    guard bytes.count <= Self.maximumSmallByteCount else { return generate(bytes) }
    withUnsafeMutableBytes(of: &pool) { pool in
      if pooledByteCount < bytes.count {
        let made = max(poolStep, bytes.count)
        generate(UnsafeMutableRawBufferPointer(rebasing: pool[(pool.count - made)...]))
        pooledByteCount = made
        poolStep = pool.count
      }
      let start = pool.count - pooledByteCount
      for index in 0..<bytes.count {
        bytes[index] = pool[start + index]
        pool[start + index] = 0
      }
    }
    pooledByteCount -= bytes.count
  }

  /// Mixes in fresh entropy before the next byte is made, and forgets those made ahead.
  public func reseed() {
    untilReseed = 0
    pooledByteCount = 0
    pool = InlineArray(repeating: 0)
  }

  private func generate(_ bytes: UnsafeMutableRawBufferPointer) {
    var filled = 0
    while filled < bytes.count {
      if untilReseed == 0 {
        withSeed(Self.reseedInputByteCount) { br_hmac_drbg_update(&context, $0.baseAddress, $0.count) }
        untilReseed = Self.reseedByteCount
      }
      let count = min(bytes.count - filled, Self.maximumRequestByteCount, untilReseed)
      br_hmac_drbg_generate(&context, bytes.baseAddress.map { $0 + filled }, count)
      filled += count
      untilReseed -= count
    }
  }

  private func withSeed(_ byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { seed in
      source.fill(seed)
      body(seed)
      seed.initializeMemory(as: UInt8.self, repeating: 0)
    }
  }
}

extension Entropy {
  /// `count` random bytes.
  public func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { fill($0) }
    return bytes
  }
}
