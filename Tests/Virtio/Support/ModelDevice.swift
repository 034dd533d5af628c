// Virtio 1.2 §4.2.2 before changing this file: the device's side of it.
import Virtio

/// A virtio-mmio device as a model: its registers, and queues that tests work as a device would.
final class ModelDevice: MMIORegisters {
  var magic: UInt32 = 0x7472_6976
  var version: UInt32 = 2
  let kind: UInt32
  let offered: UInt64
  var configuration: [UInt8]
  var queues: [ModelQueue]
  /// Faults of the device itself.
  var finishesReset = true
  var acceptsFeatures = true
  var changesWhileRead = false
  var takesQueues = true
  /// Called before each load of a register, with its offset: what the device does in that moment.
  var onLoad: ((Int) -> Void)?
  /// Called for each kick, with the queue.
  var onKick: ((Int) -> Void)?

  private(set) var accepted: UInt64 = 0
  private(set) var status: UInt32 = 0
  private(set) var resetCount = 0
  private(set) var faults: [String] = []
  /// Register accesses, each of which would be an exit to the hypervisor.
  private(set) var accessCount = 0
  var interruptStatus: UInt32 = 0
  /// Edges: how often the line went up.
  private(set) var edgeCount = 0
  private var generation: UInt32 = 0
  private var selectedQueue = 0
  private var deviceSelection: UInt32 = 0
  private var driverSelection: UInt32 = 0

  init(kind: UInt32, features: [Int], queueMaxima: [UInt32], configuration: [UInt8]) {
    self.kind = kind
    offered = features.reduce(1 << 32) { $0 | 1 << UInt64($1) }
    queues = queueMaxima.map { ModelQueue(maximum: $0) }
    self.configuration = configuration + [UInt8](repeating: 0, count: 64)
  }

  /// A device without VERSION_1.
  init(kind: UInt32, rawFeatures: UInt64) {
    self.kind = kind
    offered = rawFeatures
    queues = [ModelQueue(maximum: 64)]
    configuration = [UInt8](repeating: 0, count: 64)
  }

  var isRunning: Bool { status & 4 != 0 && status & 128 == 0 }
  /// Reset, marked FAILED and left alone.
  var isGivenUp: Bool { status == 128 }
  var allFaults: [String] { faults + queues.flatMap(\.faults) }

  func load32(at offset: Int) -> UInt32 {
    accessCount += 1
    onLoad?(offset)
    switch offset {
    case MMIORegister.magicValue: return magic
    case MMIORegister.version: return version
    case MMIORegister.deviceID: return kind
    case MMIORegister.deviceFeatures:
      return UInt32(truncatingIfNeeded: deviceSelection == 0 ? offered : offered >> 32)
    case MMIORegister.queueSizeMaximum:
      return selectedQueue < queues.count ? queues[selectedQueue].maximum : 0
    case MMIORegister.queueReady:
      return selectedQueue < queues.count && queues[selectedQueue].isReady ? 1 : 0
    case MMIORegister.interruptStatus: return interruptStatus
    case MMIORegister.status: return status
    case MMIORegister.configurationGeneration:
      if changesWhileRead { generation &+= 1 }
      return generation
    case MMIORegister.configuration...:
      let index = offset - MMIORegister.configuration
      return (0..<4).reduce(0) { $0 | UInt32(configuration[index + $1]) << UInt32(8 * $1) }
    default:
      faults.append("load at \(offset)")
      return 0
    }
  }

  func load16(at offset: Int) -> UInt16 {
    let index = offset - MMIORegister.configuration
    return UInt16(configuration[index]) | UInt16(configuration[index + 1]) << 8
  }

  func load8(at offset: Int) -> UInt8 { configuration[offset - MMIORegister.configuration] }

  func store32(_ value: UInt32, at offset: Int) {
    accessCount += 1
    switch offset {
    case MMIORegister.deviceFeaturesSelection: deviceSelection = value
    case MMIORegister.driverFeaturesSelection: driverSelection = value
    case MMIORegister.driverFeatures:
      if driverSelection == 0 {
        accepted = accepted & ~0xffff_ffff | UInt64(value)
      } else {
        accepted = accepted & 0xffff_ffff | UInt64(value) << 32
      }
    case MMIORegister.queueSelection: selectedQueue = Int(value)
    case MMIORegister.queueNotify:
      guard isRunning else { return faults.append("a kick before DRIVER_OK") }
      queues[Int(value)].kickCount += 1
      onKick?(Int(value))
    case MMIORegister.interruptAcknowledge: interruptStatus &= ~value
    case MMIORegister.status: setStatus(value)
    default: storeQueue(value, at: offset)
    }
  }

  private func setStatus(_ value: UInt32) {
    if value == 0 {
      resetCount += 1
      for queue in queues { queue.isReady = false }
      interruptStatus = 0
      accepted = 0
      status = finishesReset ? 0 : 64
      return
    }
    if value & 8 != 0 && status & 8 == 0 && (!acceptsFeatures || accepted & ~offered != 0) {
      status = value & ~8
    } else {
      status = value | status & 64
    }
  }

  private func storeQueue(_ value: UInt32, at offset: Int) {
    guard selectedQueue < queues.count else { return faults.append("queue \(selectedQueue) is not there") }
    let queue = queues[selectedQueue]
    func low(_ address: inout UInt64) { address = address & ~0xffff_ffff | UInt64(value) }
    func high(_ address: inout UInt64) { address = address & 0xffff_ffff | UInt64(value) << 32 }
    switch offset {
    case MMIORegister.queueSize:
      if value == 0 || value > queue.maximum || value & (value - 1) != 0 {
        faults.append("queue size \(value)")
      }
      queue.size = Int(value)
    case MMIORegister.queueDescriptors.low: low(&queue.addresses.descriptors)
    case MMIORegister.queueDescriptors.high: high(&queue.addresses.descriptors)
    case MMIORegister.queueDriver.low: low(&queue.addresses.available)
    case MMIORegister.queueDriver.high: high(&queue.addresses.available)
    case MMIORegister.queueDevice.low: low(&queue.addresses.used)
    case MMIORegister.queueDevice.high: high(&queue.addresses.used)
    case MMIORegister.queueReady:
      if queue.addresses.descriptors % 16 != 0 || queue.addresses.available % 2 != 0
        || queue.addresses.used % 4 != 0
      {
        faults.append("a ring out of line")
      }
      queue.isReady = value == 1 && takesQueues
      queue.hasEventIndex = accepted >> 29 & 1 != 0
      queue.hasIndirect = accepted >> 28 & 1 != 0
      queue.availableIndex = 0
      queue.usedIndex = 0
    default: faults.append("store at \(offset)")
    }
  }

  // MARK: Events

  /// Raises the interrupt for a used buffer (1) or a changed configuration (2).
  func interrupt(_ reason: UInt32) {
    if interruptStatus == 0 { edgeCount += 1 }
    interruptStatus |= reason
  }

  /// Gives buffers of a queue back.
  func push(_ elements: [(head: Int, byteCount: Int)], on queue: Int) {
    if queues[queue].push(elements) { interrupt(1) }
  }

  /// Changes the configuration and says so.
  func reconfigure(_ change: (inout [UInt8]) -> Void) {
    change(&configuration)
    generation &+= 1
    interrupt(2)
  }

  /// Asks to be reset.
  func askForReset() {
    status |= 64
    interrupt(2)
  }
}
