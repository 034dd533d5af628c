import Bytes
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
    var rest = text
    while rest != "" {
      let end = rest.offset(ofFirst: UInt8(ascii: " ")) ?? rest.utf8.count
      let word = rest.cut(0..<end)
      guard word == "" || word.hasBytes(Self.virtioKey) else {
        throw SettingsError(
          "unknown word on the command line: " + word + " (settings come in the boot module)")
      }
      rest = rest.dropping(byteCount: min(end + 1, rest.utf8.count))
    }
  }
}
