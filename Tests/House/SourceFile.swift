import Foundation

/// A Swift file of this repository, with its code told apart from its comments and texts.
struct SourceFile: Sendable {
  /// From the package's root, such as `Shared/Net/JSON/JSON.swift`.
  let path: String
  /// The lines as they are.
  let lines: [String]
  /// The lines with every comment, the inside of every string literal and every name in backticks blanked.
  let code: [String]
  /// For each line, whether a comment stands on it.
  let hasComment: [Bool]

  init(path: String, text: String) {
    self.path = path
    let split = SourceLexer.split(Array(text.utf8))
    lines = Self.lines(Array(text.utf8))
    code = Self.lines(split.code)
    hasComment = Self.lines(split.comments).map { $0.contains { $0 != " " } }
  }

  private static func lines(_ bytes: [UInt8]) -> [String] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the file lies in one of these folders.
  func isIn(_ folders: String...) -> Bool { folders.contains { path.hasPrefix($0 + "/") } }

  /// The lines whose code holds one of `words`, byte for byte.
  func lineIndices(containing words: [String]) -> [Int] {
    code.indices.filter { index in words.contains { code[index].utf8Contains($0) } }
  }

  // MARK: The repository

  /// The package's root, found from where this file lies.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every Swift file that is not hidden (`.build` and its kin are).
  static let all: [SourceFile] = {
    let found = FileManager.default.enumerator(
      at: root, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles, .skipsPackageDescendants])
    var files: [SourceFile] = []
    while let url = found?.nextObject() as? URL {
      guard url.pathExtension == "swift", let text = try? String(contentsOf: url, encoding: .utf8) else {
        continue
      }
      let path = url.standardizedFileURL.path.dropFirst(root.standardizedFileURL.path.count + 1)
      files.append(SourceFile(path: String(path), text: text))
    }
    return files.sorted { $0.path < $1.path }
  }()
}

extension String {
  /// Like `contains`, without looking for character boundaries: most lines are asked and few have it.
  fileprivate func utf8Contains(_ word: String) -> Bool {
    // Native strings have a terminating zero, and source code has no other.
    strstr(self, word) != nil
  }
}

/// Tells code from comments and string literals, as far as a lint needs it.
enum SourceLexer {
  /// Two copies of `text` of the same length: one with everything but code blanked, one with everything but
  /// comments. Interpolations count as text.
  static func split(_ text: [UInt8]) -> (code: [UInt8], comments: [UInt8]) {
    let blank = text.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    var code = blank
    var comments = blank
    var index = 0

    let slash = UInt8(ascii: "/")
    let star = UInt8(ascii: "*")
    func isPair(_ first: UInt8, _ second: UInt8) -> Bool {
      text[index] == first && index + 1 < text.count && text[index + 1] == second
    }

    while index < text.count {
      let start = index
      switch text[index] {
      case slash where isPair(slash, slash):
        while index < text.count && text[index] != UInt8(ascii: "\n") { index += 1 }
        comments.replaceSubrange(start..<index, with: text[start..<index])
      case slash where isPair(slash, star):
        var depth = 0
        repeat {
          if isPair(slash, star) {
            depth += 1
            index += 2
          } else if isPair(star, slash) {
            depth -= 1
            index += 2
          } else {
            index += 1
          }
        } while depth > 0 && index < text.count
        comments.replaceSubrange(start..<index, with: text[start..<index])
      case UInt8(ascii: "`"):
        // A name of several words is a sentence, not code.
        code[index] = text[index]
        repeat { index += 1 } while index < text.count && text[index] != UInt8(ascii: "`")
        if index < text.count { code[index] = text[index] }
        index += 1
      case UInt8(ascii: "\""), UInt8(ascii: "#"):
        if let end = endOfString(text, at: index) {
          index = end
        } else {
          code[index] = text[index]
          index += 1
        }
      default:
        code[index] = text[index]
        index += 1
      }
    }
    return (code, comments)
  }

  /// Behind the string literal that begins at `start`, or nil when none does.
  private static func endOfString(_ text: [UInt8], at start: Int) -> Int? {
    let quote = UInt8(ascii: "\"")
    let hash = UInt8(ascii: "#")
    var index = start
    while index < text.count && text[index] == hash { index += 1 }
    let hashes = [UInt8](repeating: hash, count: index - start)
    guard index < text.count && text[index] == quote else { return nil }
    let isLong = text[index...].starts(with: [quote, quote, quote])
    let delimiter = [UInt8](repeating: quote, count: isLong ? 3 : 1) + hashes
    let escape = [UInt8(ascii: "\\")] + hashes
    index += isLong ? 3 : 1
    while index < text.count {
      guard text[index] == quote || text[index] == escape[0] || text[index] == UInt8(ascii: "\n") else {
        index += 1
        continue
      }
      if text[index...].starts(with: delimiter) { return index + delimiter.count }
      if text[index...].starts(with: escape + [UInt8(ascii: "(")]) {
        index = endOfInterpolation(text, at: index + escape.count)
      } else if text[index...].starts(with: escape) {
        index += escape.count + 1
      } else if !isLong && text[index] == UInt8(ascii: "\n") {
        return index  // Not a string after all, such as a quote in a regular expression.
      } else {
        index += 1
      }
    }
    return text.count
  }

  /// Behind the `)` that closes the interpolation whose `(` stands at `start`.
  private static func endOfInterpolation(_ text: [UInt8], at start: Int) -> Int {
    var depth = 0
    var index = start
    while index < text.count {
      if text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "#"),
        let end = endOfString(text, at: index)
      {
        index = end
        continue
      }
      if text[index] == UInt8(ascii: "(") { depth += 1 }
      if text[index] == UInt8(ascii: ")") { depth -= 1 }
      index += 1
      if depth == 0 { return index }
    }
    return index
  }
}
