import CXen
import DeviceTesting
import Testing
import XenRing
import XenSimulation

/// A ring that is used within expectations, which take no changing calls on values.
private final class Front {
  var ring: FrontRing
  init(_ ring: FrontRing) { self.ring = ring }

  func addRequest() -> UnsafeMutableRawPointer { ring.addRequest() }
  func push() -> Bool { ring.push() }
  func look() -> Bool { ring.look() }
  func take(_ count: Int = 1) { ring.take(count) }
}

@Suite struct FrontRingTests {
  /// A ring of entries of 12 bytes, both halves of it.
  private func rings(
    _ memory: GuardedMemory = GuardedMemory(), pageCount: Int = 1, entryByteCount: Int = 12,
    index: UInt32 = 0
  ) -> (front: Front, back: BackRing, shared: UnsafeMutableRawPointer) {
    let byteCount = pageCount * 4096
    let shared = memory.allocate(byteCount: byteCount)!
    let front = FrontRing(shared, byteCount: byteCount, entryByteCount: entryByteCount, startingAt: index)
    return (Front(front), BackRing(shared, byteCount: byteCount, entryByteCount: entryByteCount), shared)
  }

  @Test(arguments: [(1, 12, 256), (1, 8, 256), (1, 112, 32), (2, 112, 64), (4, 112, 128), (16, 112, 512)])
  func `a ring has as many entries as the macros of ring.h say`(
    pageCount: Int, entryByteCount: Int, size: Int
  ) {
    #expect(rings(pageCount: pageCount, entryByteCount: entryByteCount).front.ring.size == size)
    #expect(xen_netif_tx_entry_size == 12 && xen_netif_rx_entry_size == 8 && xen_blkif_entry_size == 112)
    #expect(xen_ring_entries == 64 && xen_blkif_segments == 24)
  }

  @Test(arguments: [0, 0x7fff_ffff, UInt32.max - 300, UInt32.max])
  func `requests and responses pass where the indices wrap`(index: UInt32) {
    let memory = GuardedMemory()
    let (front, back, _) = rings(memory, index: index)
    var numbers = SeededNumbers(seed: UInt64(index))
    var (sent, taken) = (0, 0)
    for _ in 0..<400 {
      for _ in 0..<numbers.pick(0...front.ring.freeCount) {
        front.addRequest().storeBytes(of: UInt32(sent), as: UInt32.self)
        sent += 1
      }
      _ = front.push()
      for _ in 0..<numbers.pick(0...256) {
        guard let request = back.takeRequest() else { break }
        let value = request.load(as: UInt32.self)
        back.addResponse().storeBytes(of: ~value, as: UInt32.self)
      }
      back.push()
      #expect(front.look())
      while front.ring.responseCount > 0 {
        #expect(front.ring.response().load(as: UInt32.self) == ~UInt32(taken))
        front.take()
        taken += 1
      }
      #expect(
        front.ring.inFlightCount == sent - taken && front.ring.freeCount == 256 - front.ring.inFlightCount)
    }
    #expect(taken > 10_000 && back.faults.isEmpty && memory.isWhole)
    #expect(
      front.ring.requestIndex == index &+ UInt32(sent) && front.ring.responseIndex == index &+ UInt32(taken))
  }

  @Test(arguments: [0, UInt32.max - 3])
  func `an index that goes back, or further than there are requests, is seen`(index: UInt32) {
    for offset in [-1, 4, 256, 0x7fff_ffff, 0x8000_0000, -0x7fff_0000] {
      let (front, back, _) = rings(index: index)
      for _ in 0..<3 { _ = front.addRequest() }
      _ = front.push()
      // Written and not shown: no response can be there.
      _ = front.addRequest()
      back.show(responseIndex: index &+ UInt32(truncatingIfNeeded: offset))
      #expect(!front.look() && front.ring.responseCount == 0, "\(offset)")
      back.show(responseIndex: index &+ 3)
      #expect(front.look() && front.ring.responseCount == 3)
      back.show(responseIndex: index &+ 2)
      #expect(!front.look() && front.ring.responseCount == 3, "not even by one")
    }
  }

  @Test func `the backend is told when its event index is passed, and not before`() {
    let (front, back, _) = rings()
    _ = front.addRequest()
    #expect(front.push(), "a ring begins with both sides wanting the first")
    #expect(!front.push(), "there is nothing new")
    back.wantEvent(at: 4)
    for expected in [false, false, true, false] {
      _ = front.addRequest()
      #expect(front.push() == expected)
    }
    back.wantEvent(at: 7)
    for _ in 0..<3 { _ = front.addRequest() }
    #expect(front.push(), "it lay within")
    // An index that means nothing costs an event, or saves one.
    back.wantEvent(at: 0xffff_0000)
    _ = front.addRequest()
    #expect(!front.push())
  }

  @Test func `an event comes after as many responses as were asked for`() {
    let (front, back, _) = rings()
    for _ in 0..<100 { _ = front.addRequest() }
    _ = front.push()
    func answer() -> Bool {
      _ = back.addResponse()
      return back.push()
    }
    #expect(answer() && !answer())
    #expect(front.look())
    front.take(2)
    for count in 0..<10 {
      front.ring.arm(after: count)
      for _ in 0..<count { #expect(!answer() && !front.ring.hasResponses(moreThan: count)) }
      #expect(
        answer() && front.ring.hasResponses(moreThan: count) && !front.ring.hasResponses(moreThan: count + 1))
      #expect(front.look() && front.ring.responseCount == count + 1)
      front.take(count + 1)
    }
  }

  @Test func `what the backend writes into entries is what responses are read from, once`() {
    let (front, back, shared) = rings(entryByteCount: 8)
    _ = front.addRequest()
    _ = front.push()
    back.addResponse().storeBytes(
      of: netif_rx_response(id: 7, offset: 1, flags: 2, status: -3), as: netif_rx_response.self)
    back.push()
    #expect(front.look())
    let copy = xen_load_netif_rx_response(front.ring.response())
    shared.initializeMemory(as: UInt8.self, repeating: 0xff, count: 4096)
    #expect(copy.id == 7 && copy.offset == 1 && copy.flags == 2 && copy.status == -3)
    let disk = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)
    defer { disk.deallocate() }
    disk.storeBytes(of: blkif_response(id: .max, operation: 6, status: -2), as: blkif_response.self)
    let response = xen_load_blkif_response(disk)
    #expect(response.id == .max && response.operation == 6 && response.status == -2)
  }
}
