import MachineTesting
import Testing
import Wire

@testable import NetworkStack

@Suite struct `An ephemeral port` {
  private let local = IPv6Address(mapped: IPv4Address(10, 0, 0, 1))
  private let remote = IPv6Address(mapped: IPv4Address(10, 0, 0, 2))

  private func port(_ ports: inout EphemeralPorts, to remote: IPv6Address, port: UInt16 = 80) -> UInt16? {
    ports.next(from: local, to: remote, port: port) { _ in true }
  }

  @Test func `is not used twice towards a peer before all the others were`() {
    var ports = EphemeralPorts(key: (1, 2))
    var seen = Set<UInt16>()
    for _ in EphemeralPorts.range {
      guard let next = port(&ports, to: remote) else { break }
      #expect(EphemeralPorts.range.contains(next))
      seen.insert(next)
    }
    #expect(seen.count == EphemeralPorts.range.count)
  }

  @Test func `differs between peers, ports and keys`() {
    var first = Set<UInt16>()
    for key in 0..<20 as Range<UInt64> {
      var ports = EphemeralPorts(key: (key, 0))
      first.insert(port(&ports, to: remote) ?? 0)
      first.insert(port(&ports, to: remote, port: 443) ?? 0)
      first.insert(port(&ports, to: IPv6Address(mapped: IPv4Address(10, 0, 0, 3))) ?? 0)
    }
    #expect(first.count > 55)
  }

  @Test func `is the same for the same key and history`() {
    var (one, other) = (EphemeralPorts(key: (7, 9)), EphemeralPorts(key: (7, 9)))
    for host in 0..<50 as Range<UInt8> {
      let peer = IPv6Address(mapped: IPv4Address(10, 0, 1, host % 5))
      #expect(port(&one, to: peer) == port(&other, to: peer))
    }
  }

  @Test func `is the next one when one is in use`() throws {
    var (one, other) = (EphemeralPorts(key: (3, 4)), EphemeralPorts(key: (3, 4)))
    let taken = try #require(port(&one, to: remote))
    let second = other.next(from: local, to: remote, port: 80) { $0 != taken }
    let isLast = taken == EphemeralPorts.range.upperBound
    #expect(second == (isLast ? EphemeralPorts.range.lowerBound : taken + 1))
  }

  @Test func `is found when only one is free, and is nil when none is, after one question a port`() {
    var ports = EphemeralPorts(key: (5, 6))
    #expect(ports.next(from: local, to: remote, port: 80) { $0 == 40_000 } == 40_000)
    var asked = Set<UInt16>()
    var count = 0
    let none = ports.next(from: local, to: remote, port: 80) { port in
      asked.insert(port)
      count += 1
      return false
    }
    #expect(none == nil && count == EphemeralPorts.range.count && asked.count == count)
  }

  @Test func `says nothing of how many connections go to other peers`() {
    // Peers with counters of their own do not move each other on: most pairs, with 256 counters.
    var moved = 0
    for host in 0..<100 as Range<UInt8> {
      var ports = EphemeralPorts(key: (8, 8))
      let before = port(&ports, to: remote)
      _ = port(&ports, to: IPv6Address(high: 0xfd00 << 48, low: UInt64(host)))
      let after = port(&ports, to: remote)
      if let before, let after, Int(after) - Int(before) != 1 { moved += 1 }
    }
    #expect(moved < 5)
  }
}
