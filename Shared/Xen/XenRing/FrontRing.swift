// xen/io/ring.h before changing this file.
import CXen

/// The frontend's half of a shared ring. Makes no hypercalls: who uses it notifies the other end.
///
/// The indices are kept here: the ring's memory is written, and of it only `rsp_prod` and `req_event` are read, once
/// each time. Requests are written and never read back. Which response belongs to which request is the user's to check.
public struct FrontRing {
  /// Requests that fit in: a power of two.
  public let size: Int
  /// Requests written so far. Wraps.
  @inlinable public var requestIndex: UInt32 { writtenIndex }
  /// Responses taken so far. Wraps.
  @inlinable public var responseIndex: UInt32 { takenIndex }
  /// Requests that were written, and those that the backend knows of.
  @usableFromInline var writtenIndex: UInt32
  @usableFromInline var pushedIndex: UInt32
  /// Responses that were taken, and those that were seen.
  @usableFromInline var takenIndex: UInt32
  @usableFromInline var producedIndex: UInt32
  @usableFromInline let shared: UnsafeMutableRawPointer
  @usableFromInline let entryByteCount: Int

  /// An empty ring in the `byteCount` bytes at `shared`, with entries of `entryByteCount`. Nobody else writes there yet.
  /// The indices start at `index`: at 0, but in tests.
  public init(
    _ shared: UnsafeMutableRawPointer, byteCount: Int, entryByteCount: Int, startingAt index: UInt32 = 0
  ) {
    self.shared = shared
    self.entryByteCount = entryByteCount
    size = Self.size(byteCount: byteCount, entryByteCount: entryByteCount)
    writtenIndex = index
    takenIndex = index
    pushedIndex = index
    producedIndex = index
    shared.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    for offset in [xen_ring_req_prod, xen_ring_rsp_prod] { store(index, at: offset) }
    for offset in [xen_ring_req_event, xen_ring_rsp_event] { store(index &+ 1, at: offset) }
  }

  /// Entries of a ring in so much memory.
  public static func size(byteCount: Int, entryByteCount: Int) -> Int {
    let count = (byteCount - xen_ring_entries) / entryByteCount
    precondition(count > 0)
    return 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
  }

  private func store(_ value: UInt32, at offset: Int) {
    shared.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
  }

  @inlinable func entry(_ index: UInt32) -> UnsafeMutableRawPointer {
    shared + xen_ring_entries + (Int(index) & (size - 1)) * entryByteCount
  }

  // MARK: To the backend

  /// Requests that were written and have no response that was taken.
  @inlinable public var inFlightCount: Int { Int(requestIndex &- responseIndex) }
  /// Requests that there is room for.
  @inlinable public var freeCount: Int { size - inFlightCount }

  /// The entry of the next request, to be filled now; there must be room.
  @inlinable public mutating func addRequest() -> UnsafeMutableRawPointer {
    precondition(inFlightCount < size, "the ring is full")
    let entry = entry(requestIndex)
    writtenIndex &+= 1
    return entry
  }

  /// Shows the backend the requests written since the last call; true when it wants to be notified of them.
  @inlinable public mutating func push() -> Bool {
    guard requestIndex != pushedIndex else { return false }
    let old = pushedIndex
    pushedIndex = requestIndex
    xen_store32(shared + xen_ring_req_prod, requestIndex)
    xen_barrier()
    let event = xen_load32(shared + xen_ring_req_event)
    return requestIndex &- event < requestIndex &- old
  }

  // MARK: From the backend

  /// Responses that were seen and not taken yet.
  @inlinable public var responseCount: Int { Int(producedIndex &- responseIndex) }

  /// Looks for responses; false when the backend's index went back, or further than there are requests: the ring is
  /// then not to be used any more.
  @inlinable public mutating func look() -> Bool {
    let index = xen_load32(shared + xen_ring_rsp_prod)
    // Going back looks like going far.
    guard index &- producedIndex <= pushedIndex &- producedIndex else { return false }
    producedIndex = index
    return true
  }

  /// The entry of the next response but `offset`; there must be so many.
  @inlinable public func response(_ offset: Int = 0) -> UnsafeRawPointer {
    precondition(offset < responseCount)
    return UnsafeRawPointer(entry(responseIndex &+ UInt32(offset)))
  }

  /// Makes room: the next `count` responses were read.
  @inlinable public mutating func take(_ count: Int = 1) {
    precondition(count <= responseCount)
    takenIndex &+= UInt32(count)
  }

  // MARK: Events

  /// Asks to be notified as soon as more than `count` further responses are there. Nothing says that they were not
  /// before: look at `hasResponses` afterwards.
  @inlinable public func arm(after count: Int = 0) {
    xen_store32(shared + xen_ring_rsp_event, responseIndex &+ UInt32(count) &+ 1)
    xen_barrier()
  }

  /// Whether the backend says that there are more than `count` responses that were not taken yet.
  @inlinable public func hasResponses(moreThan count: Int = 0) -> Bool {
    Int(xen_load32(shared + xen_ring_rsp_prod) &- responseIndex) > count
  }
}
