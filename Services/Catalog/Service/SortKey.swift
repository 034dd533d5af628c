/// What product names are sorted by: without case and without the accents of Latin letters, so that "Éclair"
/// stands between "eclair" and "egg". Other scripts keep their code point order.
enum SortKey {
  /// UTF-8 bytes of a key, at most. Names that agree up to there are sorted by id.
  static let maximumByteCount = 256

  /// U+00DF…U+00FF; a dot leaves the scalar as it is.
  private static let latin1: StaticString = "saaaaaaaceeeeiiiidnooooo.ouuuuyty"
  /// U+0100…U+017F.
  private static let latinExtendedA: StaticString = """
    aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiijjjjkkk\
    llllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs
    """

  /// The key of `name`.
  static func of(_ name: String) -> String {
    var key = ""
    var byteCount = 0
    for scalar in name.lowercased().unicodeScalars {
      let folded: Unicode.Scalar
      switch scalar.value {
      case 0x00DF...0x00FF: folded = fold(scalar, latin1, Int(scalar.value) - 0x00DF)
      case 0x0100...0x017F: folded = fold(scalar, latinExtendedA, Int(scalar.value) - 0x0100)
      case 0x0300...0x036F: continue  // a combining accent
      default: folded = scalar
      }
      byteCount += UTF8.width(folded)
      if byteCount > maximumByteCount { break }
      key.unicodeScalars.append(folded)
    }
    return key
  }

  private static func fold(_ scalar: Unicode.Scalar, _ table: StaticString, _ index: Int) -> Unicode.Scalar {
    // A StaticString's bytes live as long as the program.
    let byte = UnsafeBufferPointer(start: table.utf8Start, count: table.utf8CodeUnitCount)[index]
    return byte == UInt8(ascii: ".") ? scalar : Unicode.Scalar(byte)
  }
}
