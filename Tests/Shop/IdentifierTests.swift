import MachineTesting
import Platform
import Shop
import Testing

struct IdentifierTests {
  @Test func `an id is 22 characters of base64url that stand for 128 bits`() {
    #expect(Identifier.text(of: 0) == "AAAAAAAAAAAAAAAAAAAAAA")
    #expect(Identifier.text(of: .max) == "_____________________w")
    #expect(Identifier.text(of: 1) == "AAAAAAAAAAAAAAAAAAAAAQ")
    #expect(Identifier.text(of: 0xfb00_0000_0000_0000_0000_0000_0000_0000) == "-wAAAAAAAAAAAAAAAAAAAA")
  }

  @Test func `what is made is well-formed and differs`() {
    let entropy = SeededEntropy(seed: 1)
    let ids = (0..<1000).map { _ in Identifier.make(entropy) }
    #expect(ids.allSatisfy { Identifier.isWellFormed($0) })
    #expect(Set(ids).count == 1000)
  }

  @Test(arguments: [
    "", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB",
    "AAAAAAAAAAAAAAAAAAAA+A",
    "AAAAAAAAAAAAAAAAAAAA/A", "AAAAAAAAAAAAAAAAAAAA=A", "AAAAAAAAAAAAAAAAAAAA\u{e4}",
  ])
  func `anything else is none`(_ text: String) {
    #expect(!Identifier.isWellFormed(text))
  }
}

struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (1_767_225_599_999, "2025-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (1_709_210_096_007, "2024-02-29T12:34:56.007Z"),
  ])
  func `a time is written and read back`(_ milliseconds: Int64, _ text: String) {
    let time = WallTime(nanosecondsSinceEpoch: milliseconds * 1_000_000)
    #expect(Timestamp.string(time) == text)
    #expect(Timestamp.parse(text) == time)
  }

  @Test func `random times come back to the millisecond`() {
    var random = SeededEntropy(seed: 2)
    for _ in 0..<2000 {
      let time = WallTime(
        nanosecondsSinceEpoch: .random(in: -9_000_000_000_000...9_000_000_000_000, using: &random) * 1_000_000
      )
      #expect(Timestamp.parse(Timestamp.string(time)) == time)
    }
  }

  @Test func `offsets and decimals are understood`() {
    let noon = Timestamp.parse("2026-01-01T12:00:00Z")
    #expect(noon != nil)
    #expect(Timestamp.parse("2026-01-01T14:00:00+02:00") == noon)
    #expect(Timestamp.parse("2026-01-01t07:30:00-04:30") == noon)
    #expect(Timestamp.parse("2026-01-01T12:00:00.123456789Z") == noon.map { $0 + .nanoseconds(123_456_789) })
  }

  @Test(arguments: [
    "", "2026-01-01", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
    "2026-01-01 00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-01T00:00:00+2:00", "9999-01-01T00:00:00Z",
    "2026-01-01T00:00:00.1234567890Z",
  ])
  func `what is no time that the clock can show is refused`(_ text: String) {
    #expect(Timestamp.parse(text) == nil)
  }
}
