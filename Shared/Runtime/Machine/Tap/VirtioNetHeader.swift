// Virtio 1.2 §5.1.6.1 and linux/virtio_net.h before changing this file.

/// What stands before every frame of a TAP device with IFF_VNET_HDR: `struct virtio_net_hdr`, in the byte order of
/// the machine.
struct VirtioNetHeader {
  /// Its bytes, without the `num_buffers` of merged buffers, which a TAP device does not use.
  static let byteCount = 10

  /// VIRTIO_NET_HDR_F_NEEDS_CSUM: the checksum at `checksumStart` + `checksumOffset` holds the pseudo header's sum.
  static let needsChecksum: UInt8 = 1
  /// VIRTIO_NET_HDR_F_DATA_VALID: somebody has checked the checksum.
  static let dataIsValid: UInt8 = 2
  /// VIRTIO_NET_HDR_GSO_NONE.
  static let notSegmented: UInt8 = 0
  /// VIRTIO_NET_HDR_GSO_TCPV4.
  static let segmentedTCPv4: UInt8 = 1
  /// VIRTIO_NET_HDR_GSO_TCPV6.
  static let segmentedTCPv6: UInt8 = 4

  var flags: UInt8 = 0
  var segmentation: UInt8 = notSegmented
  /// Bytes of the headers before the payload, when it is to be cut.
  var headerByteCount: UInt16 = 0
  /// Payload bytes of each segment that it is to be cut into.
  var segmentByteCount: UInt16 = 0
  var checksumStart: UInt16 = 0
  var checksumOffset: UInt16 = 0

  /// Writes it to the first 10 bytes of `memory`.
  func store(to memory: UnsafeMutableRawPointer) {
    memory.storeBytes(of: flags, as: UInt8.self)
    memory.storeBytes(of: segmentation, toByteOffset: 1, as: UInt8.self)
    memory.storeBytes(of: headerByteCount, toByteOffset: 2, as: UInt16.self)
    memory.storeBytes(of: segmentByteCount, toByteOffset: 4, as: UInt16.self)
    memory.storeBytes(of: checksumStart, toByteOffset: 6, as: UInt16.self)
    memory.storeBytes(of: checksumOffset, toByteOffset: 8, as: UInt16.self)
  }

  /// The flags of a header in memory: all that a receiver needs of it.
  static func flags(at memory: UnsafeRawPointer) -> UInt8 { memory.load(as: UInt8.self) }
}
