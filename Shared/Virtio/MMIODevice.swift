// Virtio 1.2 §2.1, §3.1.1 and §4.2.3 before changing this file.

/// What a virtio device is (Virtio 1.2 §5).
public enum VirtioDeviceKind: UInt32, Sendable {
  /// Ethernet.
  case network = 1
  /// A disk.
  case block = 2
  /// Random bytes.
  case entropy = 4
}

/// The device status bits.
enum DeviceStatus {
  static let acknowledge: UInt32 = 1
  static let driver: UInt32 = 2
  static let driverOK: UInt32 = 4
  static let featuresOK: UInt32 = 8
  static let needsReset: UInt32 = 64
  static let failed: UInt32 = 128
}

/// A virtio-mmio device: its start, its configuration, and whether it still works.
///
/// The steps are `init`, `negotiate`, one `SplitQueue` for each queue, `start`. A device that broke a rule is reset,
/// marked FAILED and never touched again: `failure` says why, for all its queues.
public final class MMIODevice {
  /// "virt".
  static let magic: UInt32 = 0x7472_6976
  /// The register layout of Virtio 1.0 and later.
  static let version: UInt32 = 2
  /// Reads of the status until a reset counts as failed.
  static let maximumResetPollCount = 10_000
  /// Attempts to read a configuration that keeps changing.
  static let maximumConfigurationReadCount = 16
  /// The largest queue there is (Virtio 1.2 §2.7).
  static let maximumQueueSize = 32_768

  /// What the device offers.
  public let offered: VirtioFeatures
  /// What both sides agreed on.
  public private(set) var features: VirtioFeatures = []
  /// Why the device was given up; nil while it works.
  public private(set) var failure: VirtioError?
  private let registers: any MMIORegisters

  /// Resets the device and says hello. Throws `notVirtio`, `unsupportedVersion`, `unexpectedDevice`, which touch
  /// nothing, or `resetTimedOut`.
  public init(registers: any MMIORegisters, kind: VirtioDeviceKind) throws(VirtioError) {
    guard registers.load32(at: MMIORegister.magicValue) == Self.magic else { throw .notVirtio }
    let version = registers.load32(at: MMIORegister.version)
    guard version == Self.version else { throw .unsupportedVersion(version) }
    let found = registers.load32(at: MMIORegister.deviceID)
    guard found == kind.rawValue else { throw .unexpectedDevice(found) }
    self.registers = registers
    guard Self.reset(registers) else {
      registers.store32(DeviceStatus.failed, at: MMIORegister.status)
      throw .resetTimedOut
    }
    registers.store32(DeviceStatus.acknowledge, at: MMIORegister.status)
    registers.store32(DeviceStatus.acknowledge | DeviceStatus.driver, at: MMIORegister.status)
    registers.store32(0, at: MMIORegister.deviceFeaturesSelection)
    let low = registers.load32(at: MMIORegister.deviceFeatures)
    registers.store32(1, at: MMIORegister.deviceFeaturesSelection)
    let high = registers.load32(at: MMIORegister.deviceFeatures)
    offered = VirtioFeatures(rawValue: UInt64(high) << 32 | UInt64(low))
  }

  private static func reset(_ registers: any MMIORegisters) -> Bool {
    registers.store32(0, at: MMIORegister.status)
    for _ in 0..<maximumResetPollCount where registers.load32(at: MMIORegister.status) == 0 { return true }
    return false
  }

  /// Gives the device up, for the first reason that was found: it is reset, so that it leaves memory alone, and
  /// marked. Nothing else is ever told to it.
  func fail(_ error: VirtioError) {
    guard failure == nil else { return }
    failure = error
    _ = Self.reset(registers)
    registers.store32(DeviceStatus.failed, at: MMIORegister.status)
  }

  /// The same at the start, where it is thrown.
  func refuse(_ error: VirtioError) -> VirtioError {
    fail(error)
    return failure ?? error
  }

  /// Agrees on `wanted` as far as it is offered, and on `version1`. Throws `missingFeatures` when `required` is not
  /// offered, `featuresRefused` when the device does not take its own offer.
  func negotiate(wanted: VirtioFeatures, required: VirtioFeatures = []) throws(VirtioError) {
    let required = required.union(.version1)
    guard offered.isSuperset(of: required) else {
      throw refuse(.missingFeatures(required.subtracting(offered)))
    }
    features = offered.intersection(wanted.union(required))
    registers.store32(0, at: MMIORegister.driverFeaturesSelection)
    registers.store32(UInt32(truncatingIfNeeded: features.rawValue), at: MMIORegister.driverFeatures)
    registers.store32(1, at: MMIORegister.driverFeaturesSelection)
    registers.store32(UInt32(truncatingIfNeeded: features.rawValue >> 32), at: MMIORegister.driverFeatures)
    let status = DeviceStatus.acknowledge | DeviceStatus.driver | DeviceStatus.featuresOK
    registers.store32(status, at: MMIORegister.status)
    guard registers.load32(at: MMIORegister.status) & DeviceStatus.featuresOK != 0 else {
      throw refuse(.featuresRefused)
    }
  }

  /// Lets the device run.
  func start() throws(VirtioError) {
    let status =
      DeviceStatus.acknowledge | DeviceStatus.driver | DeviceStatus.featuresOK | DeviceStatus.driverOK
    registers.store32(status, at: MMIORegister.status)
    checkStatus()
    if let failure { throw failure }
  }

  // MARK: Queues

  /// Entries that queue `index` may have: a power of two, at most `capacity`; 0 when the queue is not there.
  func queueSize(_ index: UInt16, capacity: Int) -> Int {
    registers.store32(UInt32(index), at: MMIORegister.queueSelection)
    let maximum = min(Int(registers.load32(at: MMIORegister.queueSizeMaximum)), Self.maximumQueueSize)
    let size = min(maximum, capacity)
    return size == 0 ? 0 : 1 << (Int.bitWidth - 1 - size.leadingZeroBitCount)
  }

  /// Hands queue `index` over to the device.
  func setUp(
    queue index: UInt16, size: Int, descriptors: UnsafeRawPointer, available: UnsafeRawPointer,
    used: UnsafeRawPointer
  ) throws(VirtioError) {
    registers.store32(UInt32(index), at: MMIORegister.queueSelection)
    guard registers.load32(at: MMIORegister.queueReady) == 0 else { throw refuse(.queueUnavailable(index)) }
    registers.store32(UInt32(size), at: MMIORegister.queueSize)
    store(descriptors, at: MMIORegister.queueDescriptors)
    store(available, at: MMIORegister.queueDriver)
    store(used, at: MMIORegister.queueDevice)
    registers.store32(1, at: MMIORegister.queueReady)
    guard registers.load32(at: MMIORegister.queueReady) == 1 else { throw refuse(.queueUnavailable(index)) }
  }

  private func store(_ address: UnsafeRawPointer, at register: (low: Int, high: Int)) {
    let address = UInt64(UInt(bitPattern: address))
    registers.store32(UInt32(truncatingIfNeeded: address), at: register.low)
    registers.store32(UInt32(truncatingIfNeeded: address >> 32), at: register.high)
  }

  /// Tells the device that queue `index` has something new.
  func notify(queue index: UInt16) { registers.store32(UInt32(index), at: MMIORegister.queueNotify) }

  // MARK: Interrupts

  /// Acknowledges what the device raised; true when its configuration changed. Finds out whether it asks to be reset.
  /// Cost: one register read, one write if there was something: two exits to the hypervisor.
  func acknowledgeInterrupt() -> Bool {
    guard failure == nil else { return false }
    let status = registers.load32(at: MMIORegister.interruptStatus) & 3
    guard status != 0 else { return false }
    registers.store32(status, at: MMIORegister.interruptAcknowledge)
    guard status & 2 != 0 else { return false }
    checkStatus()
    return failure == nil
  }

  private func checkStatus() {
    if registers.load32(at: MMIORegister.status) & DeviceStatus.needsReset != 0 { fail(.needsReset) }
  }

  // MARK: Configuration

  /// Reads the configuration until it kept still meanwhile. Throws `configurationUnstable`, and gives the device up,
  /// if it never does.
  func readConfiguration<T>(_ read: (DeviceConfiguration) -> T) throws(VirtioError) -> T {
    for _ in 0..<Self.maximumConfigurationReadCount {
      let generation = registers.load32(at: MMIORegister.configurationGeneration)
      let value = read(DeviceConfiguration(registers: registers))
      if registers.load32(at: MMIORegister.configurationGeneration) == generation { return value }
    }
    throw refuse(.configurationUnstable)
  }
}

/// The configuration space of a kind of device, in the access widths of Virtio 1.2 §4.2.2.2.
struct DeviceConfiguration {
  fileprivate let registers: any MMIORegisters

  func load8(at offset: Int) -> UInt8 { registers.load8(at: MMIORegister.configuration + offset) }
  func load16(at offset: Int) -> UInt16 { registers.load16(at: MMIORegister.configuration + offset) }
  func load32(at offset: Int) -> UInt32 { registers.load32(at: MMIORegister.configuration + offset) }
  func load64(at offset: Int) -> UInt64 {
    UInt64(load32(at: offset)) | UInt64(load32(at: offset + 4)) << 32
  }
}
