import Glibc
import MachineSettings

/// The shop as virtual machines.
extension Supervisor {
  /// What the service is started with, for its owner's eyes only: a file of settings, or a boot module.
  func write(_ settings: ServiceSettings, of kind: ServiceKind) throws(Failure) {
    let name = kind.rawValue
    if configuration.machines == nil {
      try Files.write(settings.bytes, to: folder.settings(name), mode: 0o600)
    } else {
      try Files.write(SettingsModule.render(settings.bytes), to: folder.module(name), mode: 0o600)
    }
  }

  /// Moves the databases to where this target has them, if another one ran last.
  func placeDatabases() throws(Failure) {
    let target: Target = configuration.machines == nil ? .process : .qemu
    for kind in ServiceKind.allCases where kind.keepsData {
      if let moved = try DatabasePlace(kind.rawValue, in: folder).prepare(for: target, .disks) { tell(moved) }
    }
  }

  /// Says in the service's log where its machine trapped, if it did.
  func explain(_ service: ManagedService) {
    guard let machines = configuration.machines, let trace = traces.removeValue(forKey: service.kind) else {
      return
    }
    trace.symbolise(machines.symbols(service.kind), loop: loop) { [unowned self] in hear(service, $0) }
  }

  /// What an image's last words leave out: it does not know the name of its disk.
  func hint(_ service: ManagedService) -> String {
    guard service.program.isMachine else { return "" }
    return service.kind.keepsData ? " (its disk is \(folder.disk(service.name)))" : ""
  }

  /// Where the service's database is.
  func place(of kind: ServiceKind) -> String {
    configuration.machines == nil ? folder.database(kind.rawValue) : folder.disk(kind.rawValue)
  }

  /// What is there only while the service runs.
  func removeRunFiles(_ kind: ServiceKind) {
    let name = kind.rawValue
    for path in [
      folder.settings(name), folder.module(name), folder.networkSocket(name), folder.debugSocket(name),
    ] {
      unlink(path)
    }
  }
}
