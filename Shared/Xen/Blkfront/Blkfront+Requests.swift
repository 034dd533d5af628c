// xen/io/blkif.h before changing this file.
import CXen
import XenRing

extension Blkfront {
  // MARK: Submission

  /// Takes a request that was checked, and what it writes; sends it when there is a backend and room, which `kick` tells
  /// it of. False when there is no place or no page for it (try again when another request ended), and when the disk was
  /// given up.
  func submit(
    _ kind: DiskRequest.Kind, at sectorIndex: UInt64 = 0, byteCount: UInt64 = 0,
    from source: UnsafeRawPointer? = nil, into destination: UnsafeMutableRawPointer? = nil, transfer: UInt64
  ) -> Bool {
    guard failure == nil else { return false }
    var request = DiskRequest()
    request.kind = kind
    request.position = sectorIndex * UInt64(sectorByteCount / Self.unitByteCount)
    request.byteCount = byteCount
    request.destination = destination
    request.transfer = transfer
    let movesData = kind == .read || kind == .write
    let pageCount = movesData ? request.dataPageCount + (request.isIndirect ? 1 : 0) : 0
    guard let index = place(pageCount: pageCount), let pages = pool.take(pageCount) else { return false }
    request.pages = pages
    request.generation = requests[index].generation
    request.phase = .waiting
    request.sequence = nextSequence
    nextSequence += 1
    requests[index] = request
    openCount += 1
    waitingCount += 1
    if let source { copy(source, into: request) }
    if phase == .connected && waitingCount == 1 && replayEnd == 0 && ring.freeCount > 0 {
      put(index)
    } else {
      pump()
    }
    return true
  }

  /// A place for a request of `pageCount` pages, at the cost of writes that were kept: the oldest go first.
  private func place(pageCount: Int) -> Int? {
    while true {
      var free: Int?
      var oldest: Int?
      for index in requests.indices {
        switch requests[index].phase {
        case .free: if free == nil { free = index }
        case .kept:
          let isOlder = oldest.map { requests[$0].acknowledged > requests[index].acknowledged } ?? true
          if isOlder { oldest = index }
        case .waiting, .inFlight, .succeeded, .failed: break
        }
        if free != nil && pool.freeCount >= pageCount { return free }
      }
      guard let oldest else { return nil }
      lastUnkept = max(lastUnkept, requests[oldest].acknowledged)
      end(oldest, as: .succeeded)
    }
  }

  /// Copies what is to be written into the request's pages.
  private func copy(_ source: UnsafeRawPointer, into request: DiskRequest) {
    forEachPage(of: request) { page, offset, count in
      // Safe: `count` bytes are left in both.
      pool.granted.page(page).copyMemory(from: source + offset, byteCount: count)
    }
  }

  /// Calls `body` with each data page, where its bytes belong in the request's, and how many they are.
  private func forEachPage(of request: DiskRequest, _ body: (Int, Int, Int) -> Void) {
    var page = Int(request.pages.first)
    if request.isIndirect { page = pool.page(after: page) }
    var offset = 0
    let byteCount = Int(request.byteCount)
    while offset < byteCount {
      body(page, offset, min(byteCount - offset, GrantedPages.pageByteCount))
      page = pool.page(after: page)
      offset += GrantedPages.pageByteCount
    }
  }

  // MARK: To the backend

  /// Sends what waits, in order, as far as there is room.
  func pump() {
    guard phase == .connected else { return }
    while waitingCount > 0 && ring.freeCount > 0 {
      var next: Int?
      for index in requests.indices where requests[index].phase == .waiting {
        if next.map({ requests[$0].sequence > requests[index].sequence }) ?? true { next = index }
      }
      guard let next else { return }
      if requests[next].sequence < replayEnd {
        // What comes later may write to the same sectors.
        guard ring.inFlightCount == 0 else { return }
        replayedCount &+= 1
      } else if replayEnd > 0 {
        guard ring.inFlightCount == 0 else { return }
        replayEnd = 0
      }
      put(next)
    }
    if waitingCount == 0 && ring.inFlightCount == 0 { replayEnd = 0 }
  }

  /// Tells the backend about what was sent since the last call.
  func kick() {
    guard phase == .connected else { return }
    if ring.push() { channel?.notify() }
  }

  private func identifier(_ index: Int) -> UInt64 {
    UInt64(index) | UInt64(requests[index].generation) << 16
  }

  /// Puts a request into the ring, which has room.
  private func put(_ index: Int) {
    requests[index].phase = .inFlight
    requests[index].generation &+= 1
    waitingCount -= 1
    let request = requests[index]
    let entry = ring.addRequest()
    switch request.kind {
    case .flush:
      requests[index].acknowledged = acknowledgedCount
      var body = blkif_request()
      body.operation = flushOperation
      body.handle = handle
      body.id = identifier(index)
      entry.storeBytes(of: body, as: blkif_request.self)
    case .discard:
      var body = blkif_request_discard()
      body.operation = UInt8(BLKIF_OP_DISCARD)
      body.handle = handle
      body.id = identifier(index)
      body.sector_number = request.position
      body.nr_sectors = request.byteCount / UInt64(Self.unitByteCount)
      entry.storeBytes(of: body, as: blkif_request_discard.self)
    case .read, .write:
      if request.isIndirect {
        var body = blkif_request_indirect()
        body.operation = UInt8(BLKIF_OP_INDIRECT)
        body.indirect_op = operation(of: request)
        body.nr_segments = UInt16(request.dataPageCount)
        body.handle = handle
        body.id = identifier(index)
        body.sector_number = request.position
        let page = Int(request.pages.first)
        body.indirect_grefs.0 = pool.granted.reference(page)
        entry.storeBytes(of: body, as: blkif_request_indirect.self)
        storeSegments(of: request, at: pool.granted.page(page))
      } else {
        var body = blkif_request()
        body.operation = operation(of: request)
        body.nr_segments = UInt8(request.dataPageCount)
        body.handle = handle
        body.id = identifier(index)
        body.sector_number = request.position
        entry.storeBytes(of: body, as: blkif_request.self)
        storeSegments(of: request, at: entry + xen_blkif_segments)
      }
    }
  }

  private func operation(of request: DiskRequest) -> UInt8 {
    switch request.kind {
    case .read: UInt8(BLKIF_OP_READ)
    case .write: UInt8(BLKIF_OP_WRITE)
    case .flush: flushOperation
    case .discard: UInt8(BLKIF_OP_DISCARD)
    }
  }

  private func storeSegments(of request: DiskRequest, at start: UnsafeMutableRawPointer) {
    var place = start
    forEachPage(of: request) { page, _, count in
      let segment = blkif_request_segment(
        gref: pool.granted.reference(page), first_sect: 0,
        last_sect: UInt8(count / Self.unitByteCount - 1))
      place.storeBytes(of: segment, as: blkif_request_segment.self)
      place += MemoryLayout<blkif_request_segment>.stride
    }
  }

  // MARK: From the backend

  /// Takes what the backend finished, and sends what waited; true when there was any.
  @discardableResult func poll() -> Bool {
    guard phase == .connected else { return false }
    var hasProgress = false
    do throws(XenError) {
      while true {
        if ring.responseCount == 0 {
          guard ring.look() else { throw .diskIndexRanAway }
          if ring.responseCount == 0 { break }
        }
        let response = xen_load_blkif_response(ring.response())
        ring.take()
        try takeBack(response)
        hasProgress = true
      }
    } catch {
      fail(error)
      return true
    }
    if hasProgress && waitingCount > 0 {
      pump()
      kick()
    }
    return hasProgress
  }

  private func takeBack(_ response: blkif_response) throws(XenError) {
    let index = Int(response.id & 0xffff)
    guard
      index < requests.count, requests[index].phase == .inFlight, response.id == identifier(index)
    else { throw .diskIdentifier }
    let request = requests[index]
    guard
      response.operation == operation(of: request)
        || request.isIndirect && response.operation == UInt8(BLKIF_OP_INDIRECT)
    else { throw .diskOperation }
    switch Int32(response.status) {
    case BLKIF_RSP_OKAY: succeed(index)
    case BLKIF_RSP_ERROR, BLKIF_RSP_EOPNOTSUPP:
      // Whoever wrote it was told that it had succeeded.
      if request.kind == .write && request.transfer == 0 { lose() }
      end(index, as: .failed)
    default: throw .diskStatus
    }
  }

  private func succeed(_ index: Int) {
    let request = requests[index]
    switch request.kind {
    case .read:
      if let destination = request.destination {
        forEachPage(of: request) { page, offset, count in
          // Safe: `count` bytes are left in both; the destination is the caller's until the request ended.
          (destination + offset).copyMemory(from: pool.granted.page(page), byteCount: count)
        }
      }
      end(index, as: .succeeded)
    case .write:
      acknowledgedCount += 1
      requests[index].acknowledged = acknowledgedCount
      requests[index].phase = .kept
      openCount -= 1
    case .flush:
      durableCount = max(durableCount, request.acknowledged)
      for other in requests.indices
      where requests[other].phase == .kept && requests[other].acknowledged <= durableCount {
        end(other, as: .succeeded)
      }
      end(index, as: .succeeded)
    case .discard: end(index, as: .succeeded)
    }
  }

  /// A write that had succeeded may not be on the disk: no flush can say that it is.
  func lose() {
    hasLost = true
    for index in requests.indices where requests[index].kind == .flush {
      guard requests[index].phase == .waiting || requests[index].phase == .inFlight else { continue }
      end(index, as: .failed)
      hasFailedFlush = true
      hasNews = true
    }
  }

  /// Ends a request: its pages are free, and its place is as soon as whoever waits for it has heard.
  func end(_ index: Int, as ended: DiskRequest.Phase) {
    if requests[index].phase == .waiting { waitingCount -= 1 }
    if requests[index].phase == .waiting || requests[index].phase == .inFlight { openCount -= 1 }
    pool.give(requests[index].pages)
    requests[index].pages = PagePool.Chain()
    requests[index].destination = nil
    requests[index].phase = requests[index].transfer == 0 ? .free : ended
  }
}
