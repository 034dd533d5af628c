// RFC 5681 §3.1 and RFC 3465 §2.1 before changing this file.

/// Congestion avoidance of NewReno, counted in bytes: the window grows by one segment when all of it was acknowledged.
struct NewReno {
  /// Bytes acknowledged since it last grew.
  private var acknowledgedCount: Int32 = 0

  /// What `window` becomes when `byteCount` bytes are acknowledged.
  mutating func grow(_ window: Int, by byteCount: Int, segment: Int) -> Int {
    let count = Int(acknowledgedCount) + byteCount
    acknowledgedCount = Int32(clamping: count >= window ? count - window : count)
    return count >= window ? window + segment : window
  }
}
