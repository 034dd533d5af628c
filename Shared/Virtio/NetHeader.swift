// Virtio 1.2 §5.1.6 before changing this file.

/// What stands before every frame: `struct virtio_net_hdr`, in little-endian byte order.
struct NetHeader {
  /// Its bytes; the last two, `num_buffers`, are always there since Virtio 1.0.
  static let byteCount = 12

  /// VIRTIO_NET_HDR_F_NEEDS_CSUM.
  static let needsChecksum: UInt8 = 1
  /// VIRTIO_NET_HDR_F_DATA_VALID.
  static let dataIsValid: UInt8 = 2
  /// VIRTIO_NET_HDR_GSO_TCPV4.
  static let segmentedTCPv4: UInt8 = 1
  /// VIRTIO_NET_HDR_GSO_TCPV6.
  static let segmentedTCPv6: UInt8 = 4

  var flags: UInt8 = 0
  var segmentation: UInt8 = 0
  var headerByteCount: UInt16 = 0
  var segmentByteCount: UInt16 = 0
  var checksumStart: UInt16 = 0
  var checksumOffset: UInt16 = 0

  /// Writes it to the first 12 bytes of `memory`, with a `num_buffers` of 0.
  func store(to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: flags, as: UInt8.self)
    memory.storeBytes(of: segmentation, toByteOffset: 1, as: UInt8.self)
    memory.storeBytes(of: headerByteCount.littleEndian, toByteOffset: 2, as: UInt16.self)
    memory.storeBytes(of: segmentByteCount.littleEndian, toByteOffset: 4, as: UInt16.self)
    memory.storeBytes(of: checksumStart.littleEndian, toByteOffset: 6, as: UInt16.self)
    memory.storeBytes(of: checksumOffset.littleEndian, toByteOffset: 8, as: UInt16.self)
    memory.storeBytes(of: 0, toByteOffset: 10, as: UInt16.self)
  }
}
