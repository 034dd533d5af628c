// xen/io/ring.h before changing this file: the backend's side of it.
import CXen

/// The backend's half of a shared ring, as strict as a backend may be: what it finds wrong is in `faults`.
public final class BackRing {
  private let shared: UnsafeMutableRawPointer
  private let entryByteCount: Int
  /// Entries: a power of two.
  public let size: Int
  /// Requests taken, and responses written. Both wrap.
  public var requestIndex: UInt32
  public var responseIndex: UInt32
  private var pushedIndex: UInt32
  /// What the frontend did wrong.
  public var faults: [String] = []
  /// Events that it was to raise.
  public private(set) var eventCount = 0

  /// A ring in `byteCount` bytes at `shared`, where the frontend began it.
  public init(_ shared: UnsafeMutableRawPointer, byteCount: Int, entryByteCount: Int) {
    self.shared = shared
    self.entryByteCount = entryByteCount
    var size = 1
    while size * 2 * entryByteCount <= byteCount - xen_ring_entries { size *= 2 }
    self.size = size
    responseIndex = shared.load(fromByteOffset: xen_ring_rsp_prod, as: UInt32.self)
    requestIndex = responseIndex
    pushedIndex = responseIndex
  }

  private func entry(_ index: UInt32) -> UnsafeMutableRawPointer {
    shared + xen_ring_entries + (Int(index) & (size - 1)) * entryByteCount
  }

  /// The index of requests that the frontend shows.
  public var producedIndex: UInt32 { shared.load(fromByteOffset: xen_ring_req_prod, as: UInt32.self) }
  /// Requests that wait.
  public var waitingCount: Int { Int(producedIndex &- requestIndex) }

  /// The next request, or nil, and then it asks to be told of the next one.
  public func takeRequest() -> UnsafeMutableRawPointer? {
    if Int(producedIndex &- responseIndex) > size { faults.append("more requests than the ring has entries") }
    guard waitingCount > 0, waitingCount <= size else {
      wantEvent(at: requestIndex &+ 1)
      return nil
    }
    let entry = entry(requestIndex)
    requestIndex &+= 1
    return entry
  }

  /// Sets req_event.
  public func wantEvent(at index: UInt32) {
    shared.storeBytes(of: index, toByteOffset: xen_ring_req_event, as: UInt32.self)
  }

  /// The entry of the next response.
  public func addResponse() -> UnsafeMutableRawPointer {
    let entry = entry(responseIndex)
    responseIndex &+= 1
    return entry
  }

  /// Shows the responses; true when the frontend wants to be told.
  @discardableResult public func push() -> Bool {
    let old = pushedIndex
    pushedIndex = responseIndex
    shared.storeBytes(of: responseIndex, toByteOffset: xen_ring_rsp_prod, as: UInt32.self)
    let event = shared.load(fromByteOffset: xen_ring_rsp_event, as: UInt32.self)
    let isWanted = responseIndex != old && responseIndex &- event < responseIndex &- old
    if isWanted { eventCount += 1 }
    return isWanted
  }

  /// Shows any index, true or not.
  public func show(responseIndex index: UInt32) {
    shared.storeBytes(of: index, toByteOffset: xen_ring_rsp_prod, as: UInt32.self)
  }
}
