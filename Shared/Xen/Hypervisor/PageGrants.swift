import Bytes
import CHypervisor
import Platform
import XenRing

/// This domain's grant table. Its frames are mapped as they are needed.
public final class PageGrants: GrantTable {
  private let memory: any DMAMemory
  private let maximumFrameCount: Int
  private var frames: [UnsafeMutableRawPointer] = []
  /// References that may be given out.
  private var free: [UInt32] = []

  /// An empty table; its frames take pages of `memory`.
  public init(memory: any DMAMemory) {
    self.memory = memory
    maximumFrameCount = Int(hypervisor_maximum_grant_frames())
  }

  public func grant(
    _ page: UnsafeMutableRawPointer, to domain: UInt16, isReadOnly: Bool
  ) throws(XenError) -> UInt32 {
    if free.isEmpty { try addFrame() }
    let reference = free.removeLast()
    let (frame, index) = place(of: reference)
    hypervisor_grant(frame, index, domain, page, isReadOnly)
    return reference
  }

  public func end(_ reference: UInt32) -> Bool {
    let (frame, index) = place(of: reference)
    guard hypervisor_end_grant(frame, index) else { return false }
    free.append(reference)
    return true
  }

  /// The domain was restored: the table is another one, with nothing in it.
  public func resume() throws(XenError) {
    free.removeAll(keepingCapacity: true)
    for index in frames.indices { try map(index) }
  }

  private func addFrame() throws(XenError) {
    guard frames.count < maximumFrameCount else { throw XenError("the grant table is full") }
    guard let page = memory.allocate(byteCount: 4096) else { throw XenError("no memory for the grant table") }
    frames.append(page)
    try map(frames.count - 1)
  }

  private func map(_ index: Int) throws(XenError) {
    let status = hypervisor_map_grant_frame(UInt32(index), frames[index])
    guard status == 0 else { throw XenError("Xen gives no grant table (error " + String(Int(-status)) + ")") }
    let perFrame = UInt32(HYPERVISOR_GRANTS_PER_FRAME)
    let first = UInt32(index) * perFrame
    // The first few are the toolstack's. Handed out from the lowest on.
    let start = max(first, UInt32(HYPERVISOR_RESERVED_GRANTS))
    var reference = first + perFrame
    while reference > start {
      reference -= 1
      free.append(reference)
    }
  }

  private func place(of reference: UInt32) -> (UnsafeMutableRawPointer, UInt32) {
    let perFrame = UInt32(HYPERVISOR_GRANTS_PER_FRAME)
    return (frames[Int(reference / perFrame)], reference % perFrame)
  }
}
