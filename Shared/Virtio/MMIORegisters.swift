// Virtio 1.2 §4.2.2 before changing this file.

/// The registers of a virtio-mmio device, by their offsets. All are 32 bits wide, in little-endian byte order.
public enum MMIORegister {
  /// "virt".
  public static let magicValue = 0x000
  /// 2; 1 is a legacy device.
  public static let version = 0x004
  /// The kind of device; 0 is an empty slot.
  public static let deviceID = 0x008
  /// 32 of the offered features, chosen by the next.
  public static let deviceFeatures = 0x010
  /// Which 32 features to read: 0 the low, 1 the high ones.
  public static let deviceFeaturesSelection = 0x014
  /// 32 of the accepted features.
  public static let driverFeatures = 0x020
  /// Which 32 features to write.
  public static let driverFeaturesSelection = 0x024
  /// The queue that the queue registers are about.
  public static let queueSelection = 0x030
  /// The largest queue the device takes; 0 when the queue is not there.
  public static let queueSizeMaximum = 0x034
  /// The queue's size.
  public static let queueSize = 0x038
  /// 1 lets the device use the queue.
  public static let queueReady = 0x044
  /// A queue index: the device looks at that queue.
  public static let queueNotify = 0x050
  /// Why the device raised its interrupt: bit 0 a used buffer, bit 1 its configuration.
  public static let interruptStatus = 0x060
  /// The same bits: dealt with.
  public static let interruptAcknowledge = 0x064
  /// The device status; writing 0 resets the device.
  public static let status = 0x070
  /// The low and the high half of where the descriptor table is.
  public static let queueDescriptors = (low: 0x080, high: 0x084)
  /// The same for the available ring.
  public static let queueDriver = (low: 0x090, high: 0x094)
  /// The same for the used ring.
  public static let queueDevice = (low: 0x0a0, high: 0x0a4)
  /// Changes whenever the configuration does.
  public static let configurationGeneration = 0x0fc
  /// Where the configuration of the kind of device begins.
  public static let configuration = 0x100
}

/// The registers of one device: real ones, or a model for tests.
///
/// `offset` counts bytes from the first register and is a multiple of the width. Only the configuration space is read
/// in other widths than 32 bits.
public protocol MMIORegisters: AnyObject {
  /// The 32 bits at `offset`.
  func load32(at offset: Int) -> UInt32
  /// The 16 bits at `offset`.
  func load16(at offset: Int) -> UInt16
  /// The byte at `offset`.
  func load8(at offset: Int) -> UInt8
  /// Sets the 32 bits at `offset`.
  func store32(_ value: UInt32, at offset: Int)
}
