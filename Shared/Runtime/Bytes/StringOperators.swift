/// Operators of texts in one place. These stand before the standard library's own, which are inlined wherever two texts
/// are compared or joined: 110 bytes of an image each time.
extension String {
  @inline(never)
  public mutating func append(_ text: String) { write(text) }

  @inline(never)
  public static func + (left: String, right: String) -> String {
    var text = left
    text.write(right)
    return text
  }

  @inline(__always)
  public static func += (left: inout String, right: String) { left.append(right) }
}

/// Texts are equal when their bytes are, as everything that the shop compares is defined by its bytes: names of fields,
/// keys, tokens, ids. The standard library also takes different bytes for the same character (canonical equivalence), and
/// brings 5 KB of Unicode's rules into an image for it. Generic code, such as `contains` or a `Set`, still asks that one.
extension String {
  @inline(never)
  public static func == (left: String, right: String) -> Bool {
    left.byteCount == right.byteCount && left.hasBytes(right)
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
