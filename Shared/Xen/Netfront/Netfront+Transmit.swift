// xen/io/netif.h, "Guest transmit", before changing this file.
import CXen
import Platform
import XenRing

extension Netfront {
  /// Copies the frame into as many pages as it fills. False when those are not free (the backend then raises an event
  /// as soon as half of what it has is sent), and while there is no backend.
  public func transmit(_ frame: borrowing OutboundFrame) -> Bool {
    let byteCount = frame.byteCount
    let pageCount = (byteCount + GrantedPages.pageByteCount - 1) / GrantedPages.pageByteCount
    guard phase == .connected, hasRoom(pageCount: pageCount) else {
      guard failure != nil else { return false }
      droppedTransmitCount &+= 1
      return true
    }
    precondition(
      byteCount > 0 && byteCount <= maximumLargePacketByteCount + Self.linkHeaderByteCount,
      "the frame is too long for the device")

    // The pages are the last ones of `freePages`, from its end.
    var offset = 0
    frame.header.withUnsafeBytes { copy($0, to: &offset) }
    frame.payload.withUnsafeBytes { copy($0, to: &offset) }
    frame.payloadTail.withUnsafeBytes { copy($0, to: &offset) }

    var flags = 0
    if frame.checksum != nil {
      precondition(offload.contains(frame.checksumOffload), "the checksum is for the stack to finish")
      flags = xen_nettxf_csum_blank | xen_nettxf_data_validated
    }
    let isSegmented = frame.segmentByteCount > 0
    if isSegmented { flags |= xen_nettxf_extra_info }
    if pageCount > 1 { flags |= xen_nettxf_more_data }
    // The first request's size is the frame's; what is in its page follows from the others'.
    request(flags: flags, byteCount: byteCount)
    if isSegmented {
      precondition(offload.contains(frame.segmentationOffload), "the segments are for the stack to cut")
      addSegmentation(frame)
    }
    var rest = byteCount - GrantedPages.pageByteCount
    while rest > 0 {
      let isLast = rest <= GrantedPages.pageByteCount
      request(
        flags: isLast ? 0 : xen_nettxf_more_data, byteCount: min(rest, GrantedPages.pageByteCount))
      rest -= GrantedPages.pageByteCount
    }
    return true
  }

  /// Copies to `offset` of the frame that is being put together, and moves it on.
  private func copy(_ bytes: UnsafeRawBufferPointer, to offset: inout Int) {
    var done = 0
    while done < bytes.count {
      let filled = offset % GrantedPages.pageByteCount
      let page = Int(freePages[freePageCount - 1 - offset / GrantedPages.pageByteCount])
      let count = min(bytes.count - done, GrantedPages.pageByteCount - filled)
      // Safe: `count` bytes are left in both.
      (transmitPages.page(page) + filled).copyMemory(from: bytes.baseAddress! + done, byteCount: count)
      done += count
      offset += count
    }
  }

  /// Puts the next page into the ring.
  private func request(flags: Int, byteCount: Int) {
    freePageCount -= 1
    let page = freePages[freePageCount]
    isInFlight[Int(page)] = true
    let request = netif_tx_request(
      gref: transmitPages.reference(Int(page)), offset: 0, flags: UInt16(flags), id: page,
      size: UInt16(byteCount))
    transmitRing.addRequest().storeBytes(of: request, as: netif_tx_request.self)
  }

  /// Says into what segments the frame is to be cut. Its Ethernet type says which TCP it is.
  private func addSegmentation(_ frame: borrowing OutboundFrame) {
    var extra = netif_extra_info()
    extra.type = UInt8(XEN_NETIF_EXTRA_TYPE_GSO)
    extra.u.gso.size = UInt16(frame.segmentByteCount)
    extra.u.gso.type = UInt8(frame.isIPv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4)
    transmitRing.addRequest().storeBytes(of: extra, as: netif_extra_info.self)
    extraCount += 1
  }

  // MARK: Room

  /// Responses that may come without an event while a frame waits: half of those that are out, less one, so that there
  /// is always one that raises it.
  var stallThreshold: Int { max(transmitRing.inFlightCount / 2 - 1, 0) }

  private func isFree(pageCount: Int) -> Bool {
    freePageCount >= pageCount && transmitRing.freeCount > pageCount
  }

  /// False also when the backend was given up on the way.
  private func hasRoom(pageCount: Int) -> Bool {
    if !isFree(pageCount: pageCount) {
      reclaim()
      while phase == .connected && !isFree(pageCount: pageCount) {
        // What was refused now is asked for again after an event, so the backend must know of all that it has.
        if transmitRing.push() { transmitChannel?.notify() }
        transmitRing.arm(after: stallThreshold)
        guard transmitRing.hasResponses(moreThan: stallThreshold) else {
          isStalled = true
          return false
        }
        reclaim()
      }
    }
    isStalled = false
    return phase == .connected
  }

  /// Takes back the pages of what was sent.
  func reclaim() {
    do throws(XenError) {
      while true {
        if transmitRing.responseCount == 0 {
          guard transmitRing.look() else { throw .transmitIndexRanAway }
          if transmitRing.responseCount == 0 { return }
        }
        let response = xen_load_netif_tx_response(transmitRing.response())
        transmitRing.take()
        try takeBack(response)
      }
    } catch {
      fail(error)
    }
  }

  private func takeBack(_ response: netif_tx_response) throws(XenError) {
    switch Int32(response.status) {
    case NETIF_RSP_OKAY: break
    case NETIF_RSP_ERROR, NETIF_RSP_DROPPED: failedTransmitCount &+= 1
    case NETIF_RSP_NULL:
      // An extra info's: the identifier says nothing.
      guard extraCount > 0 else { throw .transmitEmptyResponse }
      extraCount -= 1
      return
    default: throw .transmitStatus
    }
    let page = Int(response.id)
    guard page < transmitPages.count && isInFlight[page] else { throw .transmitIdentifier }
    isInFlight[page] = false
    freePages[freePageCount] = response.id
    freePageCount += 1
  }
}
