import Testing
import Wire

@testable import TCP

@Suite struct `A keyed hash` {
  /// Of the reference implementation's vectors (SipHash-2-4, key 00…0f), the one for the message 00…0f.
  @Test func `is SipHash-2-4`() {
    let hash = KeyedHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    #expect(hash.hash(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908) == 0x3f2a_cc7f_57c2_9bdb)
  }

  /// The reference implementation's vector for the message 00…27.
  @Test func `is SipHash-2-4 of longer messages`() {
    let hash = KeyedHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    let words: InlineArray<5, UInt64> = [
      0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908, 0x1716_1514_1312_1110, 0x1f1e_1d1c_1b1a_1918,
      0x2726_2524_2322_2120,
    ]
    #expect(hash.hash(words) == 0x0e3e_a96b_5304_a7d0)
  }

  @Test func `of two IPv4 addresses is that of one word with both`() {
    let hash = KeyedHash(key: (1, 2))
    let (one, other) = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    #expect(
      hash.hash(IPv6Address(mapped: one), IPv6Address(mapped: other), 3)
        == hash.hash(0x0a00_0001_0a00_0002, 3))
  }
}
