import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `An initial sequence number (RFC 6528 §3)` {
  private let generator = InitialSequenceNumber(key: (1, 2))

  private static func address(_ low: UInt64) -> IPv6Address { IPv6Address(high: 0xfd00 << 48, low: low) }

  private func next(
    local: IPv6Address = address(10), remote: IPv6Address = address(20),
    ports: (UInt16, UInt16) = (80, 4000), microseconds: UInt64 = 0
  ) -> SequenceNumber {
    generator.next(
      local: local, remote: remote, ports: ports, at: Instant(nanoseconds: microseconds * 1000))
  }

  @Test func `grows by one every 4 µs for the same two ends, also across 2^32`() {
    let first = next()
    #expect(next(microseconds: 4) - first == 1)
    #expect(next(microseconds: 4_000_000) - first == 1_000_000)
    #expect(next(microseconds: 4 << 32) == first)
  }

  @Test(
    arguments: [
      [0xfd00 << 48, 10, 0xfd00 << 48, 20], [0, 0xffff_0a00_0001, 0, 0xffff_0a00_0002],
    ] as [[UInt64]])
  func `depends on both addresses, both ports and the key, in either family`(_ words: [UInt64]) {
    let local = IPv6Address(high: words[0], low: words[1])
    let remote = IPv6Address(high: words[2], low: words[3])
    let third = IPv6Address(high: words[0], low: words[1] + 7)
    let others = [
      next(local: third, remote: remote), next(local: local, remote: third),
      next(local: local, remote: remote, ports: (81, 4000)),
      next(local: local, remote: remote, ports: (80, 4001)),
      next(local: local, remote: remote, ports: (4000, 80)),
      next(local: remote, remote: local),
      InitialSequenceNumber(key: (1, 3)).next(
        local: local, remote: remote, ports: (80, 4000), at: Instant(nanoseconds: 0)),
    ]
    #expect(Set(others + [next(local: local, remote: remote)]).count == others.count + 1)
  }

  @Test func `says nothing about the offset of timestamps`() {
    let (local, remote) = (Self.address(10), Self.address(20))
    let offset = generator.timestampOffset(local: local, remote: remote, ports: (80, 4000))
    #expect(offset == generator.timestampOffset(local: local, remote: remote, ports: (80, 4000)))
    #expect(offset != generator.timestampOffset(local: local, remote: remote, ports: (80, 4001)))
    #expect(offset != next().rawValue)
  }
}
