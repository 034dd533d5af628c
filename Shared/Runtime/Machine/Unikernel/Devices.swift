import MachineSettings

/// What the machine's devices are, once they have been found.
struct Devices {
  let network: any InterruptingNetworkDevice
  let networkInterruptLine: UInt32

  init(_ board: Board, _ commandLine: CommandLine) throws(SettingsError) {
    throw SettingsError("no network device")
  }
}
