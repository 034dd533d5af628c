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
    let bytes = Array(text.utf8)
    let key = Array(Self.virtioKey.utf8)
    var start = 0
    while start < bytes.count {
      var end = start
      var matchesKey = true
      while end < bytes.count, bytes[end] != UInt8(ascii: " ") {
        if end - start < key.count, bytes[end] != key[end - start] { matchesKey = false }
        end += 1
      }
      if end > start, !matchesKey || end - start < key.count {
        let word = String(utf8: bytes[start..<end])
        throw SettingsError(
          "unknown word on the command line: " + word + " (settings come in the boot module)")
      }
      start = end + 1
    }
  }
}
