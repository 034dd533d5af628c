/// Memory that a descriptor points to.
struct DMAPiece {
  /// Where it is.
  var address: UInt64
  /// How much.
  var byteCount: UInt32
  /// Whether the device writes to it; else it reads.
  var isWritable: Bool

  init(_ start: UnsafeRawPointer, byteCount: Int, isWritable: Bool) {
    address = UInt64(UInt(bitPattern: start))
    self.byteCount = UInt32(byteCount)
    self.isWritable = isWritable
  }
}
