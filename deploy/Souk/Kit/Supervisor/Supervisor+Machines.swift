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
