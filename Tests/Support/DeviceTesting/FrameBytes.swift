/// A frame's bytes: `byteCount` of them, told apart by `seed`.
public func frameBytes(_ byteCount: Int, seed: Int) -> [UInt8] {
  (0..<byteCount).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ seed &* 101) }
}
