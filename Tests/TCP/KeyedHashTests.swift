import Testing

@testable import TCP

@Suite struct `A keyed hash` {
  /// Of the reference implementation's vectors (SipHash-2-4, key 00…0f), the one for the message 00…0f.
  @Test func `is SipHash-2-4`() {
    let hash = KeyedHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    #expect(hash.hash(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908) == 0x3f2a_cc7f_57c2_9bdb)
  }
}
