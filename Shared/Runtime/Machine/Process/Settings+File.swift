import Glibc
import MachineSettings

/// A service's settings, of whatever machine.
public typealias Settings = MachineSettings.Settings
/// What is wrong with them.
public typealias SettingsError = MachineSettings.SettingsError

extension Settings {
  /// Reads a file.
  public init(file path: String) throws(SettingsError) {
    guard let file = fopen(path, "re") else { throw SettingsError("cannot open \(path)") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Self.maximumByteCount + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard count <= Self.maximumByteCount else { throw SettingsError("\(path) is larger than 64 KiB") }
    try self.init(parsing: bytes.span.bytes.extracting(0..<count), from: path)
  }
}
