import Glibc

/// Files beside the tests.
enum CommittedFile {
  /// The text of a file of this folder; traps without it.
  static func text(_ name: String, here: String = #filePath) -> String {
    let path =
      here.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
      + name
    guard let file = fopen(path, "rb") else { preconditionFailure("there is no \(path)") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
