/// What a program of somebody's own is called: it is at once a folder, a product, a Swift module and a file of an image.
enum ProgramName {
  static let maximumByteCount = 40

  /// What the image build and this package call their own programs.
  static let reserved: Set<String> = [
    "bench-net", "boot", "boot-sqlite", "cart", "catalog", "checkout", "devices", "gateway", "hello",
    "simulate", "souk", "transfer",
  ]

  /// Lower-case words that Swift takes for itself ("Lexical Structure" of its reference), and `main`, which the
  /// compiler keeps for its own module: none can be a module's name.
  static let words: Set<String> = [
    "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do",
    "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if",
    "import",
    "in", "init", "inout", "internal", "is", "let", "main", "nil", "operator", "precedencegroup", "private",
    "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super",
    "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  /// What is wrong with `name`, in words; nil when nothing is.
  static func objection(_ name: String) -> String? {
    let parts = name.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    let isPlain = name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    guard isPlain, let first = name.utf8.first, isLetter(first), !parts.contains(where: \.isEmpty) else {
      return "\(name) cannot be a program's name: a letter a-z first, then a-z, 0-9 and single hyphens"
    }
    guard name.utf8.count <= maximumByteCount else {
      return "\(name) is too long for a program's name: at most \(maximumByteCount) letters"
    }
    if reserved.contains(name) { return "\(name) is the name of a program of Souk's own: choose another" }
    if words.contains(name) { return "\(name) is a word of Swift's own: choose another" }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
