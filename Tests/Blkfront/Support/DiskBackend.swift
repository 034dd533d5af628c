// xen/io/blkif.h before changing this file: the backend's side of it.
import Blkfront
import CXen
import DeviceTesting
import Platform
import XenRing
import XenSimulation

/// A blkback: sectors into granted pages and out of them, in the order the test wants. As strict as one may be.
final class DiskBackend {
  static let everything = [
    "max-ring-page-order": "4", "feature-flush-cache": "1", "feature-barrier": "1", "feature-persistent": "1",
    "feature-max-indirect-segments": "256", "feature-discard": "1", "sectors": "4096", "sector-size": "512",
    "info": "0",
  ]

  /// A request that was taken.
  struct Request: Equatable {
    var operation: Int32
    var identifier: UInt64
    var sector: UInt64
    /// References, first and last sectors; or for a discard nothing.
    var segments: [[UInt32]] = []
    var sectorCount: UInt64 = 0
    var isIndirect = false

    var byteCount: Int { segments.reduce(0) { $0 + (Int($1[2]) - Int($1[1]) + 1) * 512 } }
  }

  let table: SimulatedGrantTable
  var domain: UInt16 = 0
  var values: [String: String]
  /// What the platters hold, and what they held at the last flush.
  var disk: [UInt8]
  private(set) var durable: [UInt8]
  private(set) var channel: SimulatedChannel!
  private(set) var entries: [String: String] = [:]
  private(set) var ring: BackRing!
  private(set) var ringMemory: UnsafeMutableRawBufferPointer!
  var ownFaults: [String] = []
  /// Requests that were taken and not answered, and the most that ever were.
  var waiting: [Request] = []
  private(set) var mostWaiting = 0
  private(set) var done: [Request] = []
  /// The status of an answer, by its number.
  var status: (Int) -> Int16 = { _ in 0 }

  init(_ values: [String: String] = everything, table: SimulatedGrantTable = SimulatedGrantTable()) {
    self.values = values
    self.table = table
    disk = [UInt8](repeating: 0, count: 4096 * 512)
    durable = disk
  }

  var faults: [String] { ownFaults + table.faults + ring.faults }

  // MARK: The handshake

  func connect(_ block: Blkfront) throws {
    try prepare(block)
    try block.start { self.values[$0] }
  }

  func prepare(_ block: Blkfront) throws {
    let channel = SimulatedChannel(port: 9)
    let written = try block.prepare(backend: domain, values: { self.values[$0] }) { channel }
    self.channel = channel
    // Keys of earlier connections stay in the store.
    entries.merge(written.map { ($0.key, $0.value) }) { $1 }
    waiting = []
    let order = Int(entries["ring-page-order"] ?? "0")!
    let keys = entries["ring-page-order"] == nil ? ["ring-ref"] : (0..<1 << order).map { "ring-ref\($0)" }
    let pages = keys.map { table.map(UInt32(entries[$0]!)!, for: domain)! }
    // Mapped one behind the other, as they happen to lie in the frontend.
    for (index, page) in pages.enumerated() where page != pages[0] + index * 4096 {
      ownFaults.append("pages")
    }
    ring = BackRing(pages[0], byteCount: pages.count * 4096, entryByteCount: 112)
    ringMemory = UnsafeMutableRawBufferPointer(start: pages[0], count: pages.count * 4096)
  }

  /// Gone: nothing is mapped any more, and what was not flushed is lost when `losesCache`.
  func leave(losesCache: Bool = false) {
    table.unmapAll()
    waiting = []
    if losesCache { disk = durable }
  }

  // MARK: Requests

  /// Takes all requests that wait in the ring.
  func take() {
    while let place = ring.takeRequest() { waiting.append(read(place)) }
    mostWaiting = max(mostWaiting, waiting.count)
  }

  private func read(_ place: UnsafeMutableRawPointer) -> Request {
    let operation = Int32(place.load(as: UInt8.self))
    switch operation {
    case BLKIF_OP_DISCARD:
      let body = place.load(as: blkif_request_discard.self)
      return Request(
        operation: operation, identifier: body.id, sector: body.sector_number, sectorCount: body.nr_sectors)
    case BLKIF_OP_INDIRECT:
      let body = place.load(as: blkif_request_indirect.self)
      let limit = Int(values["feature-max-indirect-segments"] ?? "0")!
      if Int(body.nr_segments) > limit { ownFaults.append("\(body.nr_segments) indirect segments") }
      var request = Request(
        operation: Int32(body.indirect_op), identifier: body.id, sector: body.sector_number)
      request.isIndirect = true
      if let page = map(body.indirect_grefs.0) {
        request.segments = segments(page, count: Int(body.nr_segments))
      }
      return request
    default:
      let body = place.load(as: blkif_request.self)
      if body.nr_segments > 11 { ownFaults.append("\(body.nr_segments) segments") }
      var request = Request(operation: operation, identifier: body.id, sector: body.sector_number)
      request.segments = segments(place + xen_blkif_segments, count: Int(body.nr_segments))
      return request
    }
  }

  private func segments(_ place: UnsafeMutableRawPointer, count: Int) -> [[UInt32]] {
    (0..<count).map { index in
      let segment = place.load(fromByteOffset: index * 8, as: blkif_request_segment.self)
      if segment.first_sect > segment.last_sect || segment.last_sect > 7 { ownFaults.append("a segment") }
      return [segment.gref, UInt32(segment.first_sect), UInt32(segment.last_sect)]
    }
  }

  /// A backend that keeps pages mapped does so; any other uses them for a moment.
  private func map(_ reference: UInt32) -> UnsafeMutableRawPointer? {
    let keeps = entries["feature-persistent"] == "1" && values["feature-persistent"] == "1"
    return keeps ? table.map(reference, for: domain) : table.page(reference, for: domain)
  }

  /// Does what a request says, and answers it.
  func answer(_ index: Int, status given: Int16? = nil) {
    let request = waiting.remove(at: index)
    let status = given ?? status(done.count)
    if status == 0 { perform(request) }
    done.append(request)
    respond(request.identifier, UInt8(request.operation), status)
    ring.push()
  }

  private func perform(_ request: Request) {
    var offset = Int(request.sector) * 512
    switch request.operation {
    case BLKIF_OP_READ, BLKIF_OP_WRITE:
      for segment in request.segments {
        guard let page = map(segment[0]) else { return }
        let count = Int(segment[2] - segment[1] + 1) * 512
        guard offset + count <= disk.count else { return ownFaults.append("beyond the disk") }
        let memory = UnsafeMutableRawBufferPointer(start: page + Int(segment[1]) * 512, count: count)
        if request.operation == BLKIF_OP_READ {
          memory.copyBytes(from: disk[offset..<offset + count])
        } else {
          disk.replaceSubrange(offset..<offset + count, with: memory)
        }
        offset += count
      }
    case BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_WRITE_BARRIER:
      let key =
        request.operation == BLKIF_OP_FLUSH_DISKCACHE ? "feature-flush-cache" : "feature-barrier"
      if values[key] != "1" { ownFaults.append("a flush that was not offered") }
      durable = disk
    case BLKIF_OP_DISCARD:
      let count = Int(request.sectorCount) * 512
      disk.replaceSubrange(offset..<offset + count, with: repeatElement(0, count: count))
    default: ownFaults.append("operation \(request.operation)")
    }
  }

  /// Writes a response, whatever it says, without showing it.
  func respond(_ identifier: UInt64, _ operation: UInt8, _ status: Int16) {
    ring.addResponse().storeBytes(
      of: blkif_response(id: identifier, operation: operation, status: status), as: blkif_response.self)
  }

  /// Takes and answers everything, in order.
  func work() {
    take()
    while !waiting.isEmpty { answer(0) }
  }
}
