// xen/io/xs_wire.h (xenstore_domain_interface) before changing this file.

import CXen
import XenRing

/// The page shared with xenstored: a ring of bytes in each direction.
///
/// Our own two indices are kept in memory of our own; the daemon's are read once each time, and a count that cannot be
/// is an error.
struct StoreRing {
  /// Bytes in each ring.
  static let byteCount: UInt32 = 1024

  private enum Offset {
    static let requests = 0, responses = 1024
    static let requestsConsumed = 2048, requestsProduced = 2052
    static let responsesConsumed = 2056, responsesProduced = 2060
  }

  private let page: UnsafeMutableRawPointer
  private var produced: UInt32, consumed: UInt32

  /// Rings in `page`, which are used from where they stand.
  init(page: UnsafeMutableRawPointer) {
    self.page = page
    produced = xen_load32(page + Offset.requestsProduced)
    consumed = xen_load32(page + Offset.responsesConsumed)
  }

  /// Puts as many of `bytes` from `start` on into the ring as fit; returns how many.
  mutating func write(_ bytes: [UInt8], from start: Int) throws(XenError) -> Int {
    let used = produced &- xen_load32(page + Offset.requestsConsumed)
    guard used <= Self.byteCount else { throw .broken("the request ring's index is wrong") }
    let count = min(Int(Self.byteCount - used), bytes.count - start)
    guard count > 0 else { return 0 }
    for index in 0..<count {
      let place = Int((produced &+ UInt32(index)) % Self.byteCount)
      page.storeBytes(of: bytes[start + index], toByteOffset: Offset.requests + place, as: UInt8.self)
    }
    produced &+= UInt32(count)
    xen_store32(page + Offset.requestsProduced, produced)
    return count
  }

  /// Appends all that has arrived to `bytes`; returns how many.
  mutating func read(into bytes: inout [UInt8]) throws(XenError) -> Int {
    let count = xen_load32(page + Offset.responsesProduced) &- consumed
    guard count <= Self.byteCount else { throw .broken("the response ring's index is wrong") }
    guard count > 0 else { return 0 }
    for index in 0..<count {
      let place = Int((consumed &+ index) % Self.byteCount)
      bytes.append(page.load(fromByteOffset: Offset.responses + place, as: UInt8.self))
    }
    consumed &+= count
    xen_barrier()  // Read before the daemon may write there again.
    xen_store32(page + Offset.responsesConsumed, consumed)
    return Int(count)
  }
}
