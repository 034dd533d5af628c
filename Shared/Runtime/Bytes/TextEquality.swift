/// Whether two texts are the same: byte by byte, as an image compares them anyway (it holds no tables of Unicode's normal
/// forms). These stand before the standard library's own, which are inlined wherever texts are compared, 90 bytes of an
/// image each time, and bring 5 KB along for texts that are not in a normal form.
extension String {
  @inline(never)
  public static func == (left: String, right: String) -> Bool {
    left.utf8.count == right.utf8.count && left.hasBytes(right)
  }

  @inline(__always)
  public static func != (left: String, right: String) -> Bool { !(left == right) }
}

extension Optional<String> {
  @inline(never)
  public static func == (left: String?, right: String) -> Bool {
    guard let left else { return false }
    return left == right
  }

  @inline(__always)
  public static func != (left: String?, right: String) -> Bool { !(left == right) }
}

/// For `switch`.
@inline(__always)
public func ~= (pattern: String, text: String) -> Bool { pattern == text }
