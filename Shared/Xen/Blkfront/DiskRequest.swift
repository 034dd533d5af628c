// xen/io/blkif.h before changing this file.
import CXen

/// A request, from its submission until somebody has heard how it ended, and a write until it is durable.
struct DiskRequest {
  enum Phase {
    case free
    /// To be put into the ring when there is a backend and room.
    case waiting
    case inFlight
    /// A write that the backend has acknowledged. Its data stays until a flush that came later succeeds, or room is
    /// needed: a backend that goes away takes what it had not flushed along.
    case kept
    case succeeded
    case failed
  }

  enum Kind {
    case read
    case write
    case flush
    case discard
  }

  var phase = Phase.free
  var kind = Kind.read
  /// Where on the disk, in units of 512 bytes.
  var position: UInt64 = 0
  /// Bytes to move, or to discard.
  var byteCount: UInt64 = 0
  /// Its pages of the pool, linked; the first one holds the segments when there are more than an entry takes.
  var pages = PagePool.Chain()
  /// Where to copy what is read.
  var destination: UnsafeMutableRawPointer?
  /// Told apart from what was in its place before.
  var generation: UInt32 = 0
  /// The transfer that it is part of; 0 when nobody asks how it ended any more.
  var transfer: UInt64 = 0
  /// Its place in the order of submissions.
  var sequence: UInt64 = 0
  /// For a write that is kept: how many were acknowledged up to it. For a flush: how many were before it went out.
  var acknowledged: UInt64 = 0

  /// Pages of data.
  var dataPageCount: Int { (Int(byteCount) + 4095) / 4096 }
  /// Whether its segments are in a page of their own.
  var isIndirect: Bool {
    (kind == .read || kind == .write) && dataPageCount > Int(BLKIF_MAX_SEGMENTS_PER_REQUEST)
  }
}
