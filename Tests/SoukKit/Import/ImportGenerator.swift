/// SplitMix64: the same values from the same seed on every machine.
struct ImportGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A field with whatever makes CSV hard.
  mutating func field() -> String {
    let pieces = ["a", "é", "😀", ",", "\"", "\n", "\r\n", "\r", " ", "\"\"", "x,y", "0"]
    return (0..<Int.random(in: 0..<6, using: &self)).map { _ in pieces.randomElement(using: &self)! }.joined()
  }

  /// A field as a CSV writer may write it: in quotes when it must, and sometimes when it need not.
  mutating func written(_ field: String) -> String {
    let mustQuote = field.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
    guard mustQuote || Bool.random(using: &self) else { return field }
    var quoted = "\""
    for scalar in field.unicodeScalars {
      if scalar == "\"" { quoted += "\"\"" } else { quoted.unicodeScalars.append(scalar) }
    }
    return quoted + "\""
  }
}
