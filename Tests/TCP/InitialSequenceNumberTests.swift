import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `An initial sequence number (RFC 6528 §3)` {
  private let generator = InitialSequenceNumber(key: (1, 2))

  private func next(
    local: UInt64 = 10, remote: UInt64 = 20, ports: (UInt16, UInt16) = (80, 4000), microseconds: UInt64 = 0
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

  @Test func `depends on both addresses, both ports and the key`() {
    let others = [
      next(local: 11), next(remote: 21), next(ports: (81, 4000)), next(ports: (80, 4001)),
      next(ports: (4000, 80)),
      next(local: 20, remote: 10),
      InitialSequenceNumber(key: (1, 3)).next(
        local: 10, remote: 20, ports: (80, 4000), at: Instant(nanoseconds: 0)),
    ]
    #expect(Set(others + [next()]).count == others.count + 1)
  }

  @Test func `says nothing about the offset of timestamps`() {
    let offset = generator.timestampOffset(local: 10, remote: 20, ports: (80, 4000))
    #expect(offset == generator.timestampOffset(local: 10, remote: 20, ports: (80, 4000)))
    #expect(offset != generator.timestampOffset(local: 10, remote: 20, ports: (80, 4001)))
    #expect(offset != next().rawValue)
  }
}
