/// Operators of texts in one place. These stand before the standard library's own, which are inlined wherever two texts
/// are compared or joined: 110 bytes of an image each time.
///
/// A text grows by being made anew: the texts of a service are short, pages and documents are put together in bytes. The
/// library's way to grow one in place is 4 KB of an image.
extension String {
  @inline(__always)
  public mutating func append(_ text: String) { self = self + text }

  @inline(never)
  public static func + (left: String, right: String) -> String {
    if right.isEmpty { return left }
    return left.withBytes { left in
      right.withBytes { right in
        // Safe: all of it is written.
        String(unsafeUninitializedCapacity: left.byteCount + right.byteCount) {
          fill($0, with: left, and: right)
        }
      }
    }
  }

  /// Copies both into `room`, which is at least as large; returns how many bytes they are.
  @inline(never)
  private static func fill(
    _ room: UnsafeMutableBufferPointer<UInt8>, with left: RawSpan, and right: RawSpan
  ) -> Int {
    // Checked: a slice lies in its buffer. UTF-8 behind UTF-8 is UTF-8.
    let room = UnsafeMutableRawBufferPointer(room)
    left.withUnsafeBytes { room.copyMemory(from: $0) }
    let rest = UnsafeMutableRawBufferPointer(rebasing: room[left.byteCount...])
    right.withUnsafeBytes { rest.copyMemory(from: $0) }
    return left.byteCount + right.byteCount
  }

  @inline(__always)
  public static func += (left: inout String, right: String) { left = left + right }
}

/// Texts are equal when their bytes are, as everything that the shop compares is defined by its bytes: names of fields,
/// keys, tokens, ids. The standard library also takes different bytes for the same character (canonical equivalence), and
/// brings 5 KB of Unicode's rules into an image for it. Generic code, such as `contains` or a `Set`, still asks that one.
extension String {
  @inline(never)
  public static func == (left: String, right: String) -> Bool {
    left.withBytes { left in
      right.withBytes { right in left.byteCount == right.byteCount && left.begins(with: right) }
    }
  }

  @inline(__always)
  public static func != (left: String, right: String) -> Bool { !(left == right) }
}

extension Optional where Wrapped == String {
  @inline(never)
  public static func == (left: String?, right: String?) -> Bool {
    switch (left, right) {
    case (let left?, let right?): left == right
    case (nil, nil): true
    default: false
    }
  }

  @inline(__always)
  public static func != (left: String?, right: String?) -> Bool { !(left == right) }
}

/// A case of a `switch`.
@inline(__always)
public func ~= (pattern: String, text: String) -> Bool { pattern == text }
