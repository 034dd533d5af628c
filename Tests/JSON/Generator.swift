import JSON

/// SplitMix64: the same values from the same seed on every machine.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A value of every kind, at most `depth` deep.
  mutating func json(depth: Int) -> JSON {
    switch UInt8.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &self))
    case 2: return .integer(integer())
    case 3: return .number(number())
    case 4, 5: return .string(string())
    case 6: return .array((0..<Int.random(in: 0..<5, using: &self)).map { _ in json(depth: depth - 1) })
    default:
      var members: [(key: String, value: JSON)] = []
      for index in 0..<Int.random(in: 0..<20, using: &self) {
        members.append(("\(index)" + string(), json(depth: depth - 1)))
      }
      return .object(JSONObject(members))
    }
  }

  mutating func integer() -> Int64 {
    Int64(truncatingIfNeeded: next()) >> Int64.random(in: 0..<64, using: &self)
  }

  mutating func number() -> Double {
    while true {
      let number = Double(bitPattern: next())
      if number.isFinite { return number }
    }
  }

  mutating func string() -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<24, using: &self) {
      let bound: UInt32 = [0x20, 0x80, 0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000].randomElement(
        using: &self)!
      guard let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &self)) else { continue }
      text.unicodeScalars.append(scalar)
    }
    return text
  }
}
