// xen/io/netif.h, "Guest receive", before changing this file.
import CXen
import Platform
import XenRing

extension Netfront {
  /// A frame that was copied.
  private struct Received {
    var byteCount = 0
    /// Slots that it had, extra infos included.
    var slotCount = 0
    var checksumIsTrusted = false
    /// Whether all of it is there.
    var isWhole = true
  }

  /// Puts a receive page into the ring. A backend answers in order, so the request's index says which page it is, and
  /// an identifier is no more than the slot that it is in.
  func offerPage() {
    let index = Int(receiveRing.requestIndex)
    let page = index & (receivePages.count - 1)
    let request = netif_rx_request(
      id: UInt16(index & (receiveRing.size - 1)), pad: 0, gref: receivePages.reference(page))
    receiveRing.addRequest().storeBytes(of: request, as: netif_rx_request.self)
  }

  /// Lends frames in one piece, out of memory that the backend cannot write.
  public func receive(limit: Int, _ deliver: (borrowing InboundFrame) -> Void) -> Int {
    var delivered = 0
    // Delivering a frame may transmit another, and give the backend up on the way.
    while delivered < limit, phase == .connected {
      if receiveRing.responseCount == 0 {
        guard receiveRing.look() else {
          fail(.receiveIndexRanAway)
          break
        }
        if receiveRing.responseCount == 0 { break }
      }
      var frame = Received()
      do throws(XenError) {
        try copyFrame(&frame)
      } catch {
        fail(error)
        break
      }
      receiveRing.take(frame.slotCount)
      for _ in 0..<frame.slotCount { offerPage() }
      guard frame.isWhole && frame.byteCount >= Self.shortestFrameByteCount else {
        droppedReceiveCount &+= 1
        continue
      }
      let bytes = UnsafeRawBufferPointer(start: frameMemory, count: frame.byteCount)
      deliver(InboundFrame(bytes.bytes, checksumIsTrusted: frame.checksumIsTrusted))
      delivered += 1
    }
    return delivered
  }

  /// Copies the next frame. Each response is read once; a page's bytes may change while they are copied, no more.
  private func copyFrame(_ frame: inout Received) throws(XenError) {
    var dataSlotCount = 0
    var hasMore = true
    while hasMore {
      let offset = frame.slotCount
      guard offset < receiveRing.responseCount else { throw .receiveIncomplete }
      guard dataSlotCount < Self.maximumSlotCount else { throw .receiveTooManySlots }
      let index = Int(receiveRing.responseIndex &+ UInt32(offset))
      let response = xen_load_netif_rx_response(receiveRing.response(offset))
      guard Int(response.id) == index & (receiveRing.size - 1) else { throw .receiveIdentifier }
      frame.slotCount += 1
      let flags = Int(response.flags)
      hasMore = flags & xen_netrxf_more_data != 0
      if dataSlotCount == 0 {
        let trusted = xen_netrxf_data_validated | xen_netrxf_csum_blank
        frame.checksumIsTrusted = flags & trusted != 0
        if flags & xen_netrxf_extra_info != 0 { try readExtras(&frame) }
        guard flags & xen_netrxf_gso_prefix == 0 else { throw .receiveUnasked }
      } else {
        guard flags & xen_netrxf_extra_info == 0 else { throw .receiveExtraTwice }
      }
      dataSlotCount += 1
      try copySlot(response, page: index & (receivePages.count - 1), &frame)
    }
    guard dataSlotCount == 1 || offload.contains(.receiveLarge) else { throw .receiveUnasked }
  }

  private func copySlot(
    _ response: netif_rx_response, page: Int, _ frame: inout Received
  ) throws(XenError) {
    let byteCount = Int(response.status)
    guard byteCount >= 0 else {
      guard response.status == NETIF_RSP_ERROR || response.status == NETIF_RSP_DROPPED else {
        throw .receiveStatus
      }
      frame.isWhole = false
      return
    }
    let start = Int(response.offset)
    guard start + byteCount <= GrantedPages.pageByteCount else { throw .receiveBounds }
    guard frame.isWhole && frame.byteCount + byteCount <= largestReceivedByteCount else {
      frame.isWhole = false
      return
    }
    // Safe: `byteCount` bytes are left in the page, and `frameMemory` holds the largest frame.
    (frameMemory + frame.byteCount).copyMemory(from: receivePages.page(page) + start, byteCount: byteCount)
    frame.byteCount += byteCount
  }

  /// Reads the extra infos behind a frame's first slot: at most one, for nothing but segmentation was asked for.
  private func readExtras(_ frame: inout Received) throws(XenError) {
    guard frame.slotCount < receiveRing.responseCount else { throw .receiveIncomplete }
    let extra = xen_load_netif_extra_info(receiveRing.response(frame.slotCount))
    frame.slotCount += 1
    guard Int(extra.flags) & xen_netif_extra_flag_more == 0 else { throw .receiveExtraTwice }
    guard Int32(extra.type) == XEN_NETIF_EXTRA_TYPE_GSO, offload.contains(.receiveLarge) else {
      throw .receiveExtraKind
    }
    let kind = Int32(extra.u.gso.type)
    guard extra.u.gso.size > 0, kind == XEN_NETIF_GSO_TYPE_TCPV4 || kind == XEN_NETIF_GSO_TYPE_TCPV6 else {
      throw .receiveSegmentation
    }
  }
}
