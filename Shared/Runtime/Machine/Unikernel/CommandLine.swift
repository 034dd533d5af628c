import MachineSettings

/// What the loader may tell an image on its command line, which everybody on the host can read: where devices are.
/// Settings come in the boot module.
struct CommandLine {
  /// QEMU's microvm adds one such word for each of its slots (Linux's `virtio_mmio.device=`).
  static let virtioKey = "virtio_mmio.device="

  /// The whole text.
  let text: String

  /// Reads `text`; throws at a word it does not know.
  init(_ text: String) throws(SettingsError) {
    self.text = text
    for word in text.utf8.split(separator: UInt8(ascii: " ")) where !word.starts(with: Self.virtioKey.utf8) {
      throw SettingsError(
        "unknown word on the command line: \(String(Substring(word))) (settings come in the boot module)")
    }
  }
}
