/// A file to import, read into rows.
enum ImportFile {
  /// The rows of a Shopify product CSV or of JSON Lines. The name's ending tells them apart; with another
  /// ending, JSON Lines is what begins with a brace.
  static func rows(of bytes: [UInt8], named name: String, currency: String) throws(Failure)
    -> [ImportRow]
  {
    guard bytes.count <= ImportLimits.fileByteCount else {
      throw Failure("larger than \(ImportLimits.fileByteCount >> 20) MiB: split the file")
    }
    return isJSONLines(bytes, name)
      ? ProductLines.rows(of: bytes) : try ShopifyCatalog.rows(of: bytes, currency: currency)
  }

  private static func isJSONLines(_ bytes: [UInt8], _ name: String) -> Bool {
    let ending = name.split(separator: "/").last?.split(separator: ".").last?.lowercased() ?? ""
    if ending == "csv" { return false }
    if ["jsonl", "ndjson", "json"].contains(ending) { return true }
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    return bytes[start...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: "{")
  }
}
