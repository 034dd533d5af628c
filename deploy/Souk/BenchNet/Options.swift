/// The words behind the measurement's name: `--name value` pairs and `--flags`.
struct Options {
  private var values: [String: String] = [:]
  private var flags: Set<String> = []

  /// Takes words apart; a word that no `--` introduces is refused.
  init(_ words: ArraySlice<String>) throws(Refusal) {
    var words = words
    while let word = words.popFirst() {
      guard word.hasPrefix("--") else { throw Refusal("what is `\(word)`?") }
      let name = String(word.dropFirst(2))
      if let value = words.first, !value.hasPrefix("--") {
        values[name] = value
        words.removeFirst()
      } else {
        flags.insert(name)
      }
    }
  }

  /// The number of `name`, not negative; `fallback` when it was not given.
  mutating func number<N: LosslessStringConvertible & Comparable & ExpressibleByIntegerLiteral>(
    _ name: String, or fallback: N
  ) throws(Refusal) -> N {
    guard let text = values.removeValue(forKey: name) else { return fallback }
    guard let number = N(text), number >= 0 else { throw Refusal("`--\(name) \(text)` is no number") }
    return number
  }

  /// Whether the flag was given.
  mutating func flag(_ name: String) -> Bool { flags.remove(name) != nil }

  /// Refuses what nobody has asked for.
  func finish() throws(Refusal) {
    if let name = values.keys.first ?? flags.first { throw Refusal("what is `--\(name)`?") }
  }
}

/// Why a measurement does not take place.
struct Refusal: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
