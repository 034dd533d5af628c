/// One service as a domain of Xen: what its two descriptions, for xl and for libvirt, are written from.
struct XenDomain: Equatable {
  /// An interface and the bridge that it is put on.
  struct Interface: Equatable {
    var hardwareAddress: String
    var bridge: String
  }

  /// What stands before a disk's path in xl's configuration: the last of its options, since it takes the rest of the
  /// text. Only blkback passes a guest's flushes on to the file without a program between.
  static let diskOptions = "format=raw,vdev=\(diskName),access=rw,backendtype=phy,target="
  static let diskName = "xvda"
  /// An image has one processor.
  static let processorCount = 1
  /// A service that ended in a trap comes back from its disk, and one that was told to stop does not.
  static let whenPoweredOff = "destroy"
  static let whenRebooted = "restart"
  static let whenCrashed = "restart"

  /// `souk-catalog`.
  var name: String
  var memoryMegabytes: Int
  /// The image, the boot module and the disk, as dom0 finds them.
  var kernel: String
  var module: String
  var disk: String?
  /// The first one is inside.
  var interfaces: [Interface]
}
