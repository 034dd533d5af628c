// Virtio 1.2 §2.2, §5.1.3, §5.2.3 and §6 before changing this file.

/// Feature bits. Those below 24 mean something else for each kind of device.
public struct VirtioFeatures: OptionSet, Sendable {
  /// The bits as the device numbers them.
  public let rawValue: UInt64
  /// Features from their bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }
  private init(bit: UInt64) { rawValue = 1 << bit }

  // Every device

  /// VIRTIO_F_INDIRECT_DESC: a descriptor may point to a table of them.
  public static let indirectDescriptors = VirtioFeatures(bit: 28)
  /// VIRTIO_F_EVENT_IDX: each side says at which index it wants to be told.
  public static let eventIndex = VirtioFeatures(bit: 29)
  /// VIRTIO_F_VERSION_1: the device follows the standard.
  public static let version1 = VirtioFeatures(bit: 32)

  // Network

  /// VIRTIO_NET_F_CSUM: the device finishes checksums.
  public static let netChecksum = VirtioFeatures(bit: 0)
  /// VIRTIO_NET_F_GUEST_CSUM: the driver takes frames with partial checksums.
  public static let netGuestChecksum = VirtioFeatures(bit: 1)
  /// VIRTIO_NET_F_MTU: the device says its MTU.
  public static let netMTU = VirtioFeatures(bit: 3)
  /// VIRTIO_NET_F_MAC: the device has an address.
  public static let netMAC = VirtioFeatures(bit: 5)
  /// VIRTIO_NET_F_GUEST_TSO4: the driver takes TCP/IPv4 segments larger than the MTU.
  public static let netGuestTSO4 = VirtioFeatures(bit: 7)
  /// VIRTIO_NET_F_GUEST_TSO6: the driver takes TCP/IPv6 segments larger than the MTU.
  public static let netGuestTSO6 = VirtioFeatures(bit: 8)
  /// VIRTIO_NET_F_HOST_TSO4: the device cuts TCP/IPv4 segments.
  public static let netHostTSO4 = VirtioFeatures(bit: 11)
  /// VIRTIO_NET_F_HOST_TSO6: the device cuts TCP/IPv6 segments.
  public static let netHostTSO6 = VirtioFeatures(bit: 12)
  /// VIRTIO_NET_F_MRG_RXBUF: a frame may fill several receive buffers.
  public static let netMergeableBuffers = VirtioFeatures(bit: 15)
  /// VIRTIO_NET_F_STATUS: the device says whether its link is up.
  public static let netStatus = VirtioFeatures(bit: 16)

  // Block

  /// VIRTIO_BLK_F_SIZE_MAX: the device limits the bytes of a segment.
  public static let blockSizeMax = VirtioFeatures(bit: 1)
  /// VIRTIO_BLK_F_SEG_MAX: the device limits the segments of a request.
  public static let blockSegMax = VirtioFeatures(bit: 2)
  /// VIRTIO_BLK_F_RO: the disk is read-only.
  public static let blockReadOnly = VirtioFeatures(bit: 5)
  /// VIRTIO_BLK_F_BLK_SIZE: the device says its block size.
  public static let blockBlockSize = VirtioFeatures(bit: 6)
  /// VIRTIO_BLK_F_FLUSH: the device has a cache that it can flush.
  public static let blockFlush = VirtioFeatures(bit: 9)
  /// VIRTIO_BLK_F_DISCARD: the device takes back blocks nobody needs.
  public static let blockDiscard = VirtioFeatures(bit: 13)
}
