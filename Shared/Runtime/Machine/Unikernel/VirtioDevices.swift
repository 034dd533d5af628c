import Bytes
import CBoot
import MachineSettings
import NetworkStack
import Platform
import Virtio

/// Virtio devices, found by the command line, which QEMU's microvm writes (`virtio_mmio.device=`).
final class VirtioDevices {
  /// A device and the interrupt it raises.
  private final class Found {
    let registers: PhysicalRegisters
    let interruptLine: UInt32

    init(_ registers: PhysicalRegisters, _ interruptLine: UInt32) {
      self.registers = registers
      self.interruptLine = interruptLine
    }
  }

  /// How long the processor halts at most while the entropy device is asked, and how often: ten seconds in all.
  private static let entropyWait = Duration.milliseconds(1)
  private static let maximumEntropyWaitCount = 10_000

  private let memory: PageMemory
  private var networks: [Found] = []
  /// Of each other kind the first one.
  private var block: Found?
  private var entropy: Found?

  init(_ commandLine: CommandLine, _ memory: PageMemory) {
    self.memory = memory
    for slot in VirtioProbe.slots(commandLine: commandLine.text).slots {
      guard let registers = PhysicalRegisters(address: slot.address),
        let kind = VirtioProbe.kind(of: registers)
      else { continue }
      let found = Found(registers, slot.interruptLine)
      switch kind {
      case .network: networks.append(found)
      case .block: block = block ?? found
      case .entropy: entropy = entropy ?? found
      }
    }
  }

  /// Starts network device `index`.
  func startNetwork(_ index: Int) throws(SettingsError) -> any InterruptingNetworkDevice {
    guard index < networks.count else {
      throw SettingsError(
        (index == 0 ? "no" : "no second") + " network device (QEMU: -device virtio-net-device,netdev=…)")
    }
    let network = networks[index]
    do throws(VirtioError) {
      let device = try VirtioNet(registers: network.registers, memory: memory)
      boot_enable_interrupt(network.interruptLine)
      return device
    } catch {
      throw SettingsError("network device: " + error.description)
    }
  }

  /// Starts the disk; `park` is what waiting for it means.
  func startDisk(park: @escaping () -> Void) throws(SettingsError) -> any ServiceDisk {
    guard let block else {
      throw SettingsError("no disk (QEMU: -device virtio-blk-device,drive=…)")
    }
    do throws(VirtioError) {
      let disk = try VirtioBlock(registers: block.registers, memory: memory, park: park)
      boot_enable_interrupt(block.interruptLine)
      return disk
    } catch {
      throw SettingsError("disk: " + error.description)
    }
  }

  /// Starts the entropy device; nil when there is none.
  func startEntropy() throws(SettingsError) -> VirtioRandom? {
    guard let entropy else { return nil }
    do throws(VirtioError) {
      // Asked at the start and rarely after, for a few bytes. Its edge ends the wait; if that is lost, the time does.
      boot_enable_interrupt(entropy.interruptLine)
      return try VirtioRandom(
        registers: entropy.registers, memory: memory, maximumParkCount: Self.maximumEntropyWaitCount
      ) {
        boot_idle(UInt64(Self.entropyWait.nanoseconds))
      }
    } catch {
      throw SettingsError("entropy device: " + error.description)
    }
  }
}

extension VirtioNet: InterruptingNetworkDevice {
  var failureDescription: String? { failure?.description }
}

extension VirtioBlock: ServiceDisk {
  var failureDescription: String? { failure?.description }
}
