import Bytes

/// Why a device could not be started, or was given up. The device has been reset by then.
public enum VirtioError: Error, Equatable, Sendable {
  // At the start

  /// The registers do not begin with "virt".
  case notVirtio
  /// A register layout other than version 2: a legacy device (QEMU: `-global virtio-mmio.force-legacy=off`).
  case unsupportedVersion(UInt32)
  /// Another kind of device than the driver is for; 0 is an empty slot.
  case unexpectedDevice(UInt32)
  /// The device did not finish its reset.
  case resetTimedOut
  /// The device does not offer what the driver cannot do without.
  case missingFeatures(VirtioFeatures)
  /// The device does not accept a subset of what it offered.
  case featuresRefused
  /// A queue that the driver needs is not there, or in use already.
  case queueUnavailable(UInt16)
  /// A queue is too small for one request.
  case queueTooSmall(UInt16)
  /// A field of the configuration makes no sense.
  case badConfiguration(VirtioConfigurationField)
  /// The disk cannot flush, so no write could ever be called durable.
  case unflushable
  /// The allocator has no memory for queues and buffers.
  case outOfMemory

  // While it runs

  /// The device asks to be reset (DEVICE_NEEDS_RESET).
  case needsReset
  /// A queue's used index went back, or further than there are buffers in flight.
  case usedIndexOutOfRange(UInt16)
  /// A used element names a descriptor that is not in the table.
  case usedIdentifierOutOfRange(UInt16)
  /// A used element names a descriptor that the device does not have.
  case usedIdentifierNotInFlight(UInt16)
  /// A used element claims more bytes than the buffer has.
  case usedTooLong(UInt16)
  /// A used element claims fewer bytes than its meaning needs.
  case usedTooShort(UInt16)
  /// A received frame claims buffers that the device has not used, none, or more than the largest frame needs.
  case badBufferCount(UInt16)
  /// A disk request ended with a status that is none.
  case badStatus(UInt8)
  /// The configuration did not keep still while it was read.
  case configurationUnstable
  /// The device did not answer within the driver's limit, or whoever watches the time gave it up.
  case abandoned
}

/// A field of a device's configuration space.
public enum VirtioConfigurationField: Equatable, Sendable {
  /// A network device's address: none, or of a group.
  case hardwareAddress
  /// A network device's MTU: too small for IPv4, or larger than a buffer that cannot be merged.
  case maximumTransmissionUnit
  /// A disk's capacity: nothing, or more bytes than 64 bits can number.
  case capacity
  /// A disk's block size: no power of two, or out of range.
  case blockSize
  /// A disk's largest segment: smaller than a block.
  case segmentSize
  /// A disk's number of segments: none.
  case segmentCount
}

extension VirtioError: CustomStringConvertible {
  /// What is wrong, for a log line.
  public var description: String {
    switch self {
    case .notVirtio: "no virtio device at this address"
    case .unsupportedVersion(let version):
      Self.say("virtio-mmio version ", version, ", need 2 (force-legacy=off)")
    case .unexpectedDevice(let kind): Self.say("unexpected kind of virtio device: ", kind, "")
    case .resetTimedOut: "the device does not finish its reset"
    case .missingFeatures(let features):
      "the device lacks features, bits 0x" + String(features.rawValue, radix: 16)
    case .featuresRefused: "the device refuses the features it offered"
    case .queueUnavailable(let queue): Self.say("queue ", queue, " is not available")
    case .queueTooSmall(let queue): Self.say("queue ", queue, " is too small")
    case .badConfiguration(let field):
      switch field {
      case .hardwareAddress: "the device's hardware address is no unicast address"
      case .maximumTransmissionUnit: "the device's MTU is out of range"
      case .capacity: "the disk's capacity is out of range"
      case .blockSize: "the disk's block size is out of range"
      case .segmentSize: "the disk's segments are smaller than a block"
      case .segmentCount: "the disk takes no segments"
      }
    case .unflushable:
      "the disk cannot flush: no write could be called durable (VIRTIO_BLK_F_FLUSH is missing)"
    case .outOfMemory: "no memory for the device's queues"
    case .needsReset: "the device asks to be reset"
    case .usedIndexOutOfRange(let queue): Self.say("queue ", queue, ": the used index ran away")
    case .usedIdentifierOutOfRange(let queue):
      Self.say("queue ", queue, ": a used identifier is out of range")
    case .usedIdentifierNotInFlight(let queue):
      Self.say("queue ", queue, ": a used identifier is not in flight")
    case .usedTooLong(let queue): Self.say("queue ", queue, ": a used length is larger than its buffer")
    case .usedTooShort(let queue): Self.say("queue ", queue, ": a used length is too short")
    case .badBufferCount(let count): Self.say("a received frame claims ", count, " buffers")
    case .badStatus(let status): Self.say("a disk request ended with status ", status, "")
    case .configurationUnstable: "the configuration does not keep still"
    case .abandoned: "the device does not answer"
    }
  }

  private static func say<Number: UnsignedInteger>(
    _ before: String, _ number: Number, _ after: String
  ) -> String {
    say(before, UInt64(number), after)
  }

  @inline(never)
  private static func say(_ before: String, _ number: UInt64, _ after: String) -> String {
    before + String(number) + after
  }
}
