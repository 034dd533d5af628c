import Platform
import Testing

@testable import Cryptography

/// Gives out the given bytes, then zeros, and counts what it gave.
private final class ScriptedEntropy: Entropy {
  private var script: ArraySlice<UInt8>
  var givenByteCount = 0

  init(_ script: [UInt8]) { self.script = script[...] }

  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    givenByteCount += bytes.count
    for index in bytes.indices { bytes[index] = script.popFirst() ?? 0 }
  }
}

private func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex)! }

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples and the empty message.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ]) func `FIPS 180-4 examples`(message: String, hash: String) {
    #expect(Hex.encode(SHA256.hash(Array(message.utf8))) == hash)
  }

  @Test func `a million letters in pieces`() {
    var hasher = SHA256Hasher()
    var left = 1_000_000
    var piece = 1
    while left > 0 {
      let count = min(left, piece)
      hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: count))
      left -= count
      piece = piece * 3 % 1009
    }
    #expect(Hex.encode(hasher.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `a hasher goes on after its hash was taken`() {
    var hasher = SHA256Hasher()
    hasher.update(Array("a".utf8))
    _ = hasher.finish()
    var other = hasher
    hasher.update(Array("bc".utf8))
    #expect(hasher.finish() == SHA256.hash(Array("abc".utf8)))
    other.update(Array("x".utf8))
    #expect(other.finish() == SHA256.hash(Array("ax".utf8)))
  }
}

@Suite struct HMACSHA256Tests {
  /// RFC 4231 §4.2 to §4.8, without the truncated case.
  @Test(arguments: [
    (
      String(repeating: "0b", count: 20), "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      String(repeating: "aa", count: 131),
      "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      String(repeating: "aa", count: 131),
      "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e64"
        + "2061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520"
        + "686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]) func `RFC 4231 vectors`(key: String, message: String, tag: String) {
    let key = bytes(key)
    let message = bytes(message)
    #expect(Hex.encode(HMACSHA256.authenticate(message, key: key)) == tag)
    #expect(HMACSHA256.isValid(bytes(tag), for: message, key: key))
  }

  @Test func `a tag with one bit changed, cut or for another key is not valid`() {
    let key = Array("key".utf8)
    let message = Array("message".utf8)
    let tag = HMACSHA256.authenticate(message, key: key)
    for index in tag.indices {
      var wrong = tag
      wrong[index] ^= 1
      #expect(!HMACSHA256.isValid(wrong, for: message, key: key))
    }
    #expect(!HMACSHA256.isValid(Array(tag.dropLast()), for: message, key: key))
    #expect(!HMACSHA256.isValid([], for: message, key: key))
    #expect(!HMACSHA256.isValid(tag, for: message, key: Array("other".utf8)))
    #expect(!HMACSHA256.isValid(tag, for: [], key: key))
  }

  @Test func `secrets are compared byte for byte`() {
    #expect(constantTimeEqual([], []) && constantTimeEqual([1, 2], [1, 2]))
    #expect(!constantTimeEqual([1, 2], [1, 3]) && !constantTimeEqual([1], [1, 0]))
    #expect(constantTimeEqual("token", "token") && !constantTimeEqual("token", "Token"))
    // The same character to a reader, other bytes.
    #expect(!constantTimeEqual("\u{E9}", "e\u{301}"))
  }
}

@Suite struct DRBGTests {
  /// NIST CAVP, HMAC_DRBG SHA-256 without prediction resistance, first case: the second 1024 bits count.
  @Test func `the CAVP vector`() {
    let source = ScriptedEntropy(
      bytes(
        "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488659ba96c601dc69fc902940805ec0ca8"))
    let generator = DRBG(seededFrom: source)
    _ = generator.bytes(128)
    #expect(
      Hex.encode(generator.bytes(128))
        == "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460"
        + "b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde06689"
        + "61df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8")
  }

  @Test func `fresh entropy is mixed in after the reseed limit`() {
    let source = ScriptedEntropy([])
    let generator = DRBG(seededFrom: source)
    #expect(source.givenByteCount == 48)
    _ = generator.bytes(DRBG.reseedByteCount)
    #expect(source.givenByteCount == 48)
    _ = generator.bytes(1)
    #expect(source.givenByteCount == 80)
  }

  /// Two restored copies of one domain begin with the same state; only fresh entropy may tell them apart.
  @Test func `a generator that is reseeded hands out nothing made before`() {
    let (one, other) = (DRBG(seededFrom: ScriptedEntropy([1])), DRBG(seededFrom: ScriptedEntropy([1])))
    #expect(one.bytes(16) == other.bytes(16))
    let source = ScriptedEntropy([1])
    let reseeded = DRBG(seededFrom: source)
    _ = reseeded.bytes(16)
    reseeded.reseed()
    #expect(reseeded.bytes(16) != one.bytes(16))
    #expect(source.givenByteCount == 80)
  }

  @Test func `the first piece may have any size`() {
    for count in 0...DRBG.maximumSmallByteCount + 1 {
      let generator = DRBG(seededFrom: ScriptedEntropy([1]))
      let first = generator.bytes(count)
      let second = generator.bytes(32)
      // 32 bytes of zeros, or the same again, would be no accident.
      #expect(second != [UInt8](repeating: 0, count: 32))
      #expect(count < 32 || Array(first.suffix(32)) != second && first.suffix(32).contains { $0 != 0 })
    }
  }

  @Test func `no two pieces are alike and every piece is filled`() {
    let generator = DRBG(seededFrom: ScriptedEntropy([1]))
    var seen: Set<[UInt8]> = []
    for _ in 0..<1000 { seen.insert(generator.bytes(16)) }
    #expect(seen.count == 1000)
    let long = generator.bytes(200_000)
    #expect(long.suffix(64).contains { $0 != 0 })
    #expect(generator.bytes(0) == [])
  }
}

@Suite struct EncodingTests {
  /// RFC 4648 §10, in the alphabet of §5 and without padding.
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ]) func `RFC 4648 vectors`(text: String, encoded: String) {
    #expect(Base64URL.encode(Array(text.utf8)) == encoded)
    #expect(Base64URL.decode(encoded) == Array(text.utf8))
  }

  @Test func `every byte survives both encodings`() {
    for length in 0..<70 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ length) }
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
    #expect(Hex.encode([0, 0x9A, 0xFF]) == "009aff" && Hex.decode("009AfF") == [0, 0x9A, 0xFF])
  }

  @Test(arguments: ["Zg==", "Z", "Zh", "Zm9", "Zm9vY", "+/+/", "Zm 8", "Zm8\n", "Zm8é"])
  func `only what base64url encodes is decoded`(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }

  @Test(arguments: ["a", "0g", "0x00", " 00", "00 ", "é"]) func `only hexadecimal digits are decoded`(
    text: String
  ) {
    #expect(Hex.decode(text) == nil)
  }
}
