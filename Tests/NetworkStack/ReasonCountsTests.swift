import Testing

@testable import NetworkStack

@Suite struct `Counts by reason` {
  @Test func `stand one beside the other`() {
    var counts = ReasonCounts<DHCPRefusal>()
    for (index, reason) in DHCPRefusal.allCases.enumerated() {
      for _ in 0...index { counts.count(reason) }
    }
    for (index, reason) in DHCPRefusal.allCases.enumerated() { #expect(counts[reason] == UInt64(index + 1)) }
    let count = UInt64(DHCPRefusal.allCases.count)
    #expect(counts.total == count * (count + 1) / 2)
  }

  @Test func `have a label each`() {
    let dhcp = Set(DHCPRefusal.allCases.map { "\($0.label)" })
    let dns = Set(DNSRefusal.allCases.map { "\($0.label)" })
    #expect(dhcp.count == DHCPRefusal.allCases.count && dns.count == DNSRefusal.allCases.count)
    #expect("\(DNSRefusal.otherTransaction.label)" == "other_transaction")
  }

  @Test func `are numbered without a gap`() {
    #expect(DHCPRefusal.allCases.map(\.rawValue) == Array(DHCPRefusal.allCases.indices))
    #expect(DNSRefusal.allCases.map(\.rawValue) == Array(DNSRefusal.allCases.indices))
  }
}
