extension RawSpan {
  /// The byte at `index`, checked.
  @inline(__always)
  subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < byteCount)
    // In bounds, and every bit pattern is a byte.
    return unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
  }
}
