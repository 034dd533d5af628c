import CBoot
import MachineSettings
import Platform
import Virtio

/// The devices of the machine, found by the command line, which QEMU's microvm writes (`virtio_mmio.device=`).
struct Devices {
  /// A device and the interrupt it raises.
  struct Found {
    let registers: PhysicalRegisters
    let interruptLine: UInt32
  }

  /// How long the processor halts at most while the entropy device is asked, and how often: ten seconds in all.
  private static let entropyWait = Duration.milliseconds(1)
  private static let maximumEntropyWaitCount = 10_000

  /// Of each kind the first one.
  private(set) var network: Found?
  private(set) var block: Found?
  private(set) var entropy: Found?

  init(_ commandLine: CommandLine) {
    for slot in VirtioProbe.slots(commandLine: commandLine.text).slots {
      guard let registers = PhysicalRegisters(address: slot.address),
        let kind = VirtioProbe.kind(of: registers)
      else { continue }
      let found = Found(registers: registers, interruptLine: slot.interruptLine)
      switch kind {
      case .network: network = network ?? found
      case .block: block = block ?? found
      case .entropy: entropy = entropy ?? found
      }
    }
  }

  /// Starts the network device.
  func startNetwork(_ memory: PageMemory) throws(SettingsError) -> (any InterruptingNetworkDevice, UInt32) {
    guard let network else {
      throw SettingsError("no network device (QEMU: -device virtio-net-device,netdev=…)")
    }
    do throws(VirtioError) {
      return (try VirtioNet(registers: network.registers, memory: memory), network.interruptLine)
    } catch {
      throw SettingsError("network device: \(error.description)")
    }
  }

  /// Starts the disk; `park` is what waiting for it means.
  func startBlock(
    _ memory: PageMemory, park: @escaping () -> Void
  ) throws(SettingsError) -> (VirtioBlock, UInt32) {
    guard let block else {
      throw SettingsError("no disk (QEMU: -device virtio-blk-device,drive=…)")
    }
    do throws(VirtioError) {
      return (try VirtioBlock(registers: block.registers, memory: memory, park: park), block.interruptLine)
    } catch {
      throw SettingsError("disk: \(error.description)")
    }
  }

  /// Starts the entropy device; nil when there is none.
  func startEntropy(_ memory: PageMemory) throws(SettingsError) -> VirtioRandom? {
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
      throw SettingsError("entropy device: \(error.description)")
    }
  }
}

extension VirtioNet: InterruptingNetworkDevice {
  var failureDescription: String? { failure?.description }
}
