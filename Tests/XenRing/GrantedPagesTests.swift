import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@Suite struct GrantedPagesTests {
  @Test func `pages are granted, taken back, and granted to the next`() throws {
    let table = SimulatedGrantTable()
    let pages = try GrantedPages(count: 5, memory: GuardedMemory(), table: table)
    #expect(pages.count == 5 && table.grantedCount == 0)
    try pages.grant(to: 3)
    for index in 0..<5 {
      #expect(table.page(pages.reference(index), for: 3) == pages.page(index))
      #expect(pages.page(index) == pages.start + index * 4096)
    }
    #expect(Set((0..<5).map { pages.reference($0) }).count == 5)
    try pages.grant(to: 4, limit: 2)
    #expect(table.grantedCount == 2 && table.page(pages.reference(1), for: 4) == pages.page(1))
    #expect(pages.end() && pages.end() && table.grantedCount == 0 && table.faults.isEmpty)
  }

  @Test func `a page that is still mapped stays granted, and stands in the way`() throws {
    let table = SimulatedGrantTable()
    let pages = try GrantedPages(count: 3, memory: GuardedMemory(), table: table)
    try pages.grant(to: 3)
    _ = table.map(pages.reference(1), for: 3)
    #expect(!pages.end() && table.grantedCount == 1)
    for domain in [UInt16(3), 4] {
      #expect(throws: XenError("domain 3 keeps pages that domain \(domain) is to have")) {
        try pages.grant(to: domain)
      }
    }
    table.unmapAll()
    try pages.grant(to: 4)
    #expect(table.grantedCount == 3 && table.faults.isEmpty)
  }

  @Test func `what is forgotten is not taken back`() throws {
    let table = SimulatedGrantTable()
    let pages = try GrantedPages(count: 3, memory: GuardedMemory(), table: table)
    try pages.grant(to: 0)
    table.clear()
    pages.forget()
    #expect(pages.end() && table.faults.isEmpty)
    try pages.grant(to: 0)
    #expect(table.grantedCount == 3)
  }

  @Test func `a full table leaves granted what fitted in, to be taken back`() throws {
    let table = SimulatedGrantTable(capacity: 2)
    let pages = try GrantedPages(count: 3, memory: GuardedMemory(), table: table)
    #expect(throws: XenError("the grant table is full")) { try pages.grant(to: 0) }
    #expect(pages.end() && table.grantedCount == 0 && table.faults.isEmpty)
    #expect(throws: XenError("no memory for 2 pages of a device")) {
      try GrantedPages(count: 2, memory: GuardedMemory(budget: 8191), table: table)
    }
  }

  @Test func `what a backend says is a number, or an error that names its key`() throws {
    let values = ["a": "0", "b": "1", "c": "7", "d": "", "e": "0x1", "f": " 1", "g": "18446744073709551616"]
    let folder = BackendFolder { values[$0] }
    #expect(try folder.number("a") == 0 && folder.number("none") == nil && folder.requiredNumber("c") == 7)
    #expect(try !folder.flag("a") && folder.flag("b") && folder.flag("c") && !folder.flag("none"))
    for key in ["d", "e", "f", "g"] {
      #expect(throws: XenError("the backend's \(key) is no number")) { try folder.flag(key) }
    }
    #expect(throws: XenError("the backend says no none")) { try folder.requiredNumber("none") }
  }
}
