// Swift's docs/ABI/Mangling.rst before changing this file.

/// Which part of the sources a symbol of an image comes from.
enum ImageModule {
  static let swift = "Swift"
  static let unicode = "Swift's Unicode tables"
  static let boot = "CBoot"
  static let sqlite = "SQLite"
  static let bearSSL = "BearSSL"
  /// What the outliners, LLVM's and the image optimizer's, took out of several functions, whosever they are.
  static let shared = "shared pieces"
  static let other = "other C"

  /// The module of a Swift symbol; for C the library, told by prefix or source file.
  static func name(_ symbol: ELFFile.Symbol) -> String {
    let name = symbol.name[...]
    // $e is what Embedded Swift has in place of $s.
    for prefix in ["$s", "$e"] where name.hasPrefix(prefix) { return mangled(name.dropFirst(2)) }
    if name.hasPrefix("OUTLINED_") { return shared }
    if name.hasPrefix("_ZL"), name.contains("_swift_stdlib_") { return unicode }
    for prefix in ["swift_", "_swift", "__swift", "_ZN5swift", "_ZNK5swift", "_ZL"]
    where name.hasPrefix(prefix) {
      return swift
    }
    // Debian's archive does not name its file: what is local there follows the glue of ours.
    if name.hasPrefix("sqlite3") || symbol.file == "sqlite3.c" || symbol.file == "sqlite.c" { return sqlite }
    if name.hasPrefix("br_") { return bearSSL }
    if name.hasPrefix("boot_") { return boot }
    return symbol.file.map { bootFiles.contains($0) ? boot : other } ?? other
  }

  /// Sources of Shared/Runtime/CBoot, for what is local to them.
  private static let bootFiles: Set<String> = [
    "CVirtio.c", "boot.c", "console.c", "entropy.c", "fiber.S", "fiber.c", "foreign.c", "heap.c", "numbers.c",
    "paging.c",
    "start.S",
    "strings.c", "strtod.c", "symbols.c", "time.c",
    "trap.c",
  ]

  /// The first identifier of a mangled name is its module's; a name that begins with a substitution is of the
  /// standard library.
  private static func mangled(_ rest: Substring) -> String {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), count > 0 else { return swift }
    let identifier = rest.dropFirst(digits.count).prefix(count)
    return identifier.utf8.count == count ? String(identifier) : swift
  }
}
