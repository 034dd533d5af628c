// https://www.sqlite.org/fts5.html §3 (full-text query syntax) before changing this file.

import Bytes

/// The words of a search text. What a buyer types is never query syntax: it is cut into words here, and each word
/// is handed to FTS5 as a quoted string.
enum SearchWords {
  /// The words of `text`: runs of letters and digits with their marks, as FTS5's unicode61 cuts them.
  static func words(in text: String) -> [String] {
    var words: [String] = []
    var word = ""
    for scalar in text.unicodeScalars {
      switch kind(of: scalar) {
      case .letter: word.unicodeScalars.append(scalar)
      case .mark where !word.isEmpty: word.unicodeScalars.append(scalar)
      case .mark, .separator:
        if !word.isEmpty { words.append(word) }
        word = ""
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  /// The FTS5 query that finds texts with all `words`, the last one by prefix. `words` is not empty and holds
  /// neither quotes nor NUL, because no such character is part of a word.
  static func matchExpression(_ words: [String]) -> String {
    precondition(!words.isEmpty)
    var query = ""
    for word in words {
      if !query.isEmpty { query += " " }
      query += "\"" + word + "\""
    }
    return query + "*"
  }

  private enum Kind { case letter, mark, separator }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    if scalar.isASCII {
      switch UInt8(scalar.value) {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        return .letter
      default: return .separator
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber, .privateUse:
      return .letter
    case .nonspacingMark, .spacingMark, .enclosingMark: return .mark
    default: return .separator
    }
  }
}
