import Testing

@testable import HTTP

struct BodyMemoryTests {
  @Test func `a body that is announced reserves no more than 16 KiB until it arrives`() {
    #expect(Request.reservation(for: 9) == 9)
    #expect(Request.reservation(for: 16 << 10) == 16 << 10)
    for length: UInt64 in [(16 << 10) + 1, 1 << 20, .max] {
      #expect(Request.reservation(for: length) == 16 << 10)
    }
  }
}
