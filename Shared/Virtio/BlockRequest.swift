// Virtio 1.2 §5.2.6 before changing this file.

/// What to do with a disk. Sectors are the device's `sectorByteCount` bytes.
public enum BlockRequest {
  /// Reads whole sectors. The memory is the device's until the request ended.
  case read(sectorIndex: UInt64, into: UnsafeMutableRawBufferPointer)
  /// Writes whole sectors. The memory must not change until the request ended.
  case write(sectorIndex: UInt64, from: UnsafeRawBufferPointer)
  /// Makes every write that ended before durable.
  case flush
  /// The sectors' contents are needed no more: reading them gives anything.
  case discard(sectorIndex: UInt64, sectorCount: UInt64)
}

/// A request that was submitted, to be handed in with `VirtioBlock.finish` once.
public struct BlockTicket: Equatable, Sendable {
  var index: UInt16
  var generation: UInt32
}

/// How a request is doing.
struct RequestState {
  enum Phase {
    case free
    case inFlight
    case succeeded
    case failed
  }

  var phase = Phase.free
  var generation: UInt32 = 0
  /// The transfer that it is part of; 0 for one that somebody has a ticket for.
  var transfer: UInt64 = 0
  /// Bytes that the device writes if it succeeds: data and status.
  var expectedByteCount = 1
}

/// A request's header, discard range and status byte, as they lie in memory shared with the device.
enum RequestArea {
  static let byteCount = 64
  static let headerByteCount = 16
  static let discardOffset = 16
  static let discardByteCount = 16
  static let statusOffset = 32

  /// VIRTIO_BLK_T_IN and its kin.
  static let read: UInt32 = 0
  static let write: UInt32 = 1
  static let flush: UInt32 = 4
  static let discard: UInt32 = 11

  /// VIRTIO_BLK_S_OK and its kin; the last is ours, for a status that the device did not write.
  static let succeeded: UInt8 = 0
  static let ioError: UInt8 = 1
  static let unsupported: UInt8 = 2
  static let unwritten: UInt8 = 0xff
}
