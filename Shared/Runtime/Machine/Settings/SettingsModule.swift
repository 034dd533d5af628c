import Bytes

/// An image's settings as its boot module has them: a line that says what follows, then `key=value` lines.
///
///     souk-settings 1 BYTES CRC
///
/// BYTES is the decimal count of the bytes behind that line, CRC their CRC32C in eight hexadecimal digits: a module cut
/// short or damaged on its way is refused instead of half believed. Zeros may follow, which some loaders add.
public enum SettingsModule {
  private static let name = "souk-settings"
  private static let version = "1"
  /// Bytes in the first line, with its end: more than the longest one has.
  private static let maximumHeaderByteCount = 64

  /// The module for settings in `lines`.
  public static func render(_ lines: [UInt8]) -> [UInt8] {
    let crc = String(CRC32C.of(lines.span.bytes), radix: 16)
    let padding = String(repeating: "0", count: 8 - crc.utf8.count)
    return Array("\(name) \(version) \(lines.count) \(padding)\(crc)\n".utf8) + lines
  }

  /// What the module says. Throws in words when there is none, or it is damaged.
  public static func parse(_ module: RawSpan) throws(SettingsError) -> Settings {
    guard module.byteCount > 0 else {
      throw SettingsError("no boot module (QEMU: -initrd, xl: ramdisk=): it has this image's settings")
    }
    let (words, start) = header(of: module)
    guard words.count == 4, words[0] == name else {
      throw SettingsError("the boot module is not one of Souk's settings")
    }
    guard words[1] == version else {
      throw SettingsError("the boot module has version " + words[1] + ", this image reads version " + version)
    }
    guard let count = Int(digits: words[2], upTo: Settings.maximumByteCount),
      count <= module.byteCount - start,
      let crc = UInt64(digits: words[3], radix: 16)
    else { throw SettingsError("the boot module is cut short") }
    let lines = module.extracting(start..<start + count)
    guard UInt64(CRC32C.of(lines)) == crc else {
      throw SettingsError("the boot module is damaged: its checksum differs")
    }
    return try Settings(parsing: lines, from: "boot module")
  }

  /// The words of the first line, and its bytes with its end; no words when it has no end.
  private static func header(of module: RawSpan) -> (words: [String], byteCount: Int) {
    var words: [String] = []
    var start = 0
    for offset in 0..<min(maximumHeaderByteCount, module.byteCount) {
      let byte = module.byte(at: offset)
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") else { continue }
      words.append(String(utf8: module.extracting(start..<offset)))
      start = offset + 1
      if byte == UInt8(ascii: "\n") { return (words, start) }
    }
    return ([], 0)
  }
}
