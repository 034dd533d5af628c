// xen/io/netif.h before changing this file: the backend's side of it.
import CXen
import DeviceTesting
import Netfront
import Platform
import XenRing
import XenSimulation

/// A netback: frames of a wire into granted pages, granted pages onto the wire. As strict as one may be.
final class NetBackend {
  static let address: UInt64 = 0x0016_3e00_0001
  static let everything = [
    "feature-rx-copy": "1", "feature-sg": "1", "feature-gso-tcpv4": "1", "feature-gso-tcpv6": "1",
    "feature-ipv6-csum-offload": "1",
    "feature-split-event-channels": "1", "feature-multicast-control": "1",
  ]

  let table: SimulatedGrantTable
  var domain: UInt16 = 0
  var values: [String: String]
  var channels: [SimulatedChannel] = []
  var entries: [String: String] = [:]
  private(set) var transmitRing: BackRing!
  private(set) var receiveRing: BackRing!
  var ownFaults: [String] = []
  /// Whether it keeps pages mapped that it was given.
  var keepsMapped = false

  init(_ values: [String: String] = everything, table: SimulatedGrantTable = SimulatedGrantTable()) {
    self.values = values
    self.table = table
  }

  var faults: [String] { ownFaults + table.faults + transmitRing.faults + receiveRing.faults }

  // MARK: The handshake

  func connect(_ net: Netfront) throws {
    try prepare(net)
    try net.start { self.values[$0] }
  }

  func prepare(_ net: Netfront) throws {
    channels = []
    let written = try net.prepare(backend: domain, values: { self.values[$0] }) {
      self.channels.append(SimulatedChannel(port: UInt32(self.channels.count + 5)))
      return self.channels.last!
    }
    entries = Dictionary(uniqueKeysWithValues: written.map { ($0.key, $0.value) })
    transmitRing = ring("tx-ring-ref", entryByteCount: 12)
    receiveRing = ring("rx-ring-ref", entryByteCount: 8)
  }

  private func ring(_ key: String, entryByteCount: Int) -> BackRing {
    BackRing(
      table.map(UInt32(entries[key]!)!, for: domain)!, byteCount: 4096, entryByteCount: entryByteCount)
  }

  /// Lets go of everything, as a backend in state Closed.
  func leave() { table.unmapAll() }

  // MARK: From the frontend

  /// A frame that the frontend sent.
  struct Sent: Equatable {
    var frame: [UInt8]
    var isBlank = false
    var segment: [Int] = []
    var identifiers: [UInt16] = []
  }

  /// Takes the next frame without an answer.
  func take() -> Sent? {
    guard let first = transmitRing.takeRequest() else { return nil }
    var request = first.load(as: netif_tx_request.self)
    var sent = Sent(frame: [])
    let total = Int(request.size)
    sent.isBlank = Int(request.flags) & xen_nettxf_csum_blank != 0
    if sent.isBlank != (Int(request.flags) & xen_nettxf_data_validated != 0) { ownFaults.append("flags") }
    var hasExtra = Int(request.flags) & xen_nettxf_extra_info != 0
    var pieces: [netif_tx_request] = []
    while true {
      pieces.append(request)
      let hasMore = Int(request.flags) & xen_nettxf_more_data != 0
      if hasExtra {
        hasExtra = false
        guard let place = transmitRing.takeRequest() else { return broken("no extra info") }
        let extra = place.load(as: netif_extra_info.self)
        if extra.type != 1 || extra.flags != 0 { ownFaults.append("extra info") }
        sent.segment = [Int(extra.u.gso.type), Int(extra.u.gso.size)]
      }
      guard hasMore else { break }
      guard let next = transmitRing.takeRequest() else { return broken("no end of a frame") }
      request = next.load(as: netif_tx_request.self)
      if Int(request.flags) & ~xen_nettxf_more_data != 0 { ownFaults.append("flags of a fragment") }
    }
    if pieces.count > 18 { ownFaults.append("\(pieces.count) slots") }
    if pieces.count > 1 && values["feature-sg"] != "1" { ownFaults.append("slots without feature-sg") }
    let rest = pieces.dropFirst().reduce(0) { $0 + Int($1.size) }
    if rest >= total || total < 14 { return broken("sizes") }
    pieces[0].size = UInt16(total - rest)
    for piece in pieces {
      if Int(piece.offset) + Int(piece.size) > 4096 { return broken("beyond a page") }
      let page = keepsMapped ? table.map(piece.gref, for: domain) : table.page(piece.gref, for: domain)
      guard let page else { return nil }
      sent.frame += Array(
        UnsafeRawBufferPointer(start: page + Int(piece.offset), count: Int(piece.size)))
      sent.identifiers.append(piece.id)
    }
    return sent
  }

  private func broken(_ fault: String) -> Sent? {
    ownFaults.append(fault)
    return nil
  }

  /// Answers for a frame.
  func answer(_ sent: Sent, status: Int16 = 0) {
    for (position, identifier) in sent.identifiers.enumerated() {
      respond(identifier, status)
      // An extra info's response has whatever identifier.
      if position == 0 && !sent.segment.isEmpty { respond(0xbeef, 1) }
    }
  }

  func respond(_ identifier: UInt16, _ status: Int16) {
    transmitRing.addResponse().storeBytes(
      of: netif_tx_response(id: identifier, status: status), as: netif_tx_response.self)
  }

  /// Takes up to `limit` frames and answers for them.
  @discardableResult func send(limit: Int = .max) -> [Sent] {
    var all: [Sent] = []
    while all.count < limit, let sent = take() {
      answer(sent)
      all.append(sent)
    }
    transmitRing.push()
    return all
  }

  // MARK: To the frontend

  /// Puts a frame into as many pages as it needs; false when there are too few, then none is used.
  func receive(_ frame: [UInt8], flags: Int = 0, segmentByteCount: Int? = nil, kind: Int = 1) -> Bool {
    let pieceCount = max(1, (frame.count + 4095) / 4096)
    guard receiveRing.waitingCount >= pieceCount + (segmentByteCount == nil ? 0 : 1) else { return false }
    for position in 0..<pieceCount {
      guard let place = receiveRing.takeRequest() else { return false }
      let request = place.load(as: netif_rx_request.self)
      let part = frame[position * 4096..<min(frame.count, position * 4096 + 4096)]
      guard let page = table.page(request.gref, for: domain) else { return false }
      UnsafeMutableRawBufferPointer(start: page, count: 4096).copyBytes(from: part)
      var all = position == 0 ? flags : 0
      if position < pieceCount - 1 { all |= xen_netrxf_more_data }
      if position == 0 && segmentByteCount != nil { all |= xen_netrxf_extra_info }
      deliver(request.id, offset: 0, flags: all, status: part.count)
      if position == 0, let segmentByteCount {
        _ = receiveRing.takeRequest()
        extra(type: 1, flags: 0, size: segmentByteCount, kind: kind)
      }
    }
    receiveRing.push()
    return true
  }

  func deliver(_ identifier: UInt16, offset: Int, flags: Int, status: Int) {
    receiveRing.addResponse().storeBytes(
      of: netif_rx_response(
        id: identifier, offset: UInt16(offset), flags: UInt16(flags), status: Int16(status)),
      as: netif_rx_response.self)
  }

  func extra(type: UInt8, flags: UInt8, size: Int, kind: Int) {
    var extra = netif_extra_info()
    extra.type = type
    extra.flags = flags
    extra.u.gso.size = UInt16(size)
    extra.u.gso.type = UInt8(kind)
    receiveRing.addResponse().storeBytes(of: extra, as: netif_extra_info.self)
  }
}

extension Netfront {
  /// Transmits a frame in up to three pieces.
  func send(
    _ header: [UInt8], _ payload: [UInt8] = [], _ tail: [UInt8] = [],
    checksum: (start: Int, offset: Int)? = nil, segmentByteCount: Int = 0
  ) -> Bool {
    transmit(
      OutboundFrame(
        header: header.span.bytes, payload: payload.span.bytes, payloadTail: tail.span.bytes,
        checksum: checksum, segmentByteCount: segmentByteCount))
  }

  /// Receives frames as arrays.
  func frames(limit: Int = 1000) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    _ = receive(limit: limit) { frame in frames.append(frame.bytes.withUnsafeBytes { Array($0) }) }
    return frames
  }
}
