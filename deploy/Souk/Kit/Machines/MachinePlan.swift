/// How a shop's services become virtual machines.
struct MachinePlan {
  let accelerator: Accelerator
  /// This one waits for a debugger.
  var debug: ServiceKind?
  /// Where the images are.
  var images = Checkout.images

  /// Memory of the guest: its heap and SQLite's cache; an image itself is below 2 MB.
  func megabytes(_ kind: ServiceKind) -> Int { kind == .gateway ? 32 : 64 }

  func image(_ kind: ServiceKind) -> String { "\(images)/\(kind.rawValue).elf" }
  /// The same with symbols.
  func symbols(_ kind: ServiceKind) -> String { "\(images)/\(kind.rawValue).debug" }

  func machine(_ kind: ServiceKind, _ folder: DataFolder) -> VirtualMachine {
    let name = kind.rawValue
    return VirtualMachine(
      name: name, image: image(kind), module: folder.module(name), memoryMegabytes: megabytes(kind),
      accelerator: accelerator,
      network: (folder.networkSocket(name), InnerNetwork.hardwareAddress(kind)),
      disk: kind.keepsData ? folder.disk(name) : nil,
      debugSocket: kind == debug ? folder.debugSocket(name) : nil)
  }

  func program(_ kind: ServiceKind, _ folder: DataFolder) -> ManagedService.Program {
    .init(
      executable: "/proc/self/exe",
      arguments: MachineCommand.arguments(VirtualMachine.program, machine(kind, folder).arguments),
      isMachine: true)
  }

  /// The line that attaches a debugger.
  func attachLine(_ kind: ServiceKind, _ folder: DataFolder) -> String {
    VirtualMachine.attachLine(debugSocket: folder.debugSocket(kind.rawValue), symbols: symbols(kind))
  }

  /// The switch's.
  func ports(_ folder: DataFolder, _ version: InternetProtocol) -> [SwitchSettings.Port] {
    ServiceKind.allCases.map {
      .init(
        name: $0.rawValue, socket: folder.networkSocket($0.rawValue),
        hardwareAddress: InnerNetwork.hardwareAddress($0),
        address: version == .v4 ? InnerNetwork.address($0) : nil,
        address6: version == .v6 ? InnerNetwork.address($0, version) : nil)
    }
  }

  var missingImage: String? {
    ServiceKind.allCases.first { !Files.exists(image($0)) }.map {
      "the image \(Files.shown(image($0))) is not built: `./souk build --target qemu` makes it"
    }
  }

  /// What is missing before the first machine can start; nil when nothing is.
  func obstacle(_ folder: DataFolder) -> String? {
    if let missingImage { return missingImage }
    let longest = ServiceKind.allCases.map { folder.networkSocket($0.rawValue).utf8.count }.max() ?? 0
    if longest > UnixSocket.maximumPathByteCount {
      return "the path of \(Files.shown(folder.path)) is too long for the machines' sockets, by "
        + "\(longest - UnixSocket.maximumPathByteCount) bytes: choose another with --data"
    }
    return nil
  }
}
