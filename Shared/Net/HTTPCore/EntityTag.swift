import Bytes

// RFC 9110 §8.8.3 and §13.1 before changing this file.

/// An entity tag: `"opaque"` or `W/"opaque"`.
public struct EntityTag: Equatable, Sendable {
  /// What stands between the quotes.
  public let opaque: String
  /// Whether it names only an equivalent representation, not the same bytes.
  public let isWeak: Bool

  /// A tag; traps when `opaque` holds a quote, white space or a control, which no tag of ours does.
  public init(_ opaque: String, isWeak: Bool = false) {
    precondition(opaque.allBytes(EntityTag.isPart), "no entity tag")
    self.opaque = opaque
    self.isWeak = isWeak
  }

  /// Reads one tag and nothing else.
  public init?(parsing text: String) {
    guard case .tags(let tags) = EntityTagCondition(text), tags.count == 1,
      text.offset(ofFirst: ASCII.comma) == nil || tags[0].opaque.offset(ofFirst: ASCII.comma) != nil
    else { return nil }
    self = tags[0]
  }

  /// The tag as it stands in a field.
  public var text: String { (isWeak ? "W/\"" : "\"") + opaque + "\"" }

  /// Both strong and the same (§8.8.3.2): for If-Match and If-Range.
  public func matchesStrongly(_ other: EntityTag) -> Bool {
    !isWeak && !other.isWeak && opaque == other.opaque
  }

  /// The same, weak or not: for If-None-Match.
  public func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }

  /// `etagc`: visible but the quote, or obs-text.
  static func isPart(_ byte: UInt8) -> Bool {
    byte == 0x21 || (byte >= 0x23 && byte != 0x7f)
  }
}

/// The value of an If-Match or If-None-Match field.
public enum EntityTagCondition: Equatable, Sendable {
  /// `*`: whatever is there.
  case any
  /// One or more tags.
  case tags([EntityTag])
  /// Neither: 400.
  case malformed

  /// The most tags taken in one field.
  public static let maximumTagCount = 256

  /// Reads a field's value; the lines of a repeated field are joined with `, ` before. Empty list elements
  /// are skipped (§5.6.1.2), an empty list is malformed.
  public init(_ value: String) {
    self = value.withBytes { EntityTagCondition($0) }
  }

  /// Reads a field's value.
  public init(_ input: RawSpan) {
    self = .malformed
    let value = input.trimmed(0..<input.byteCount)
    if value.count == 1 && input.byte(value.lowerBound) == ASCII.asterisk {
      self = .any
      return
    }
    var tags: [EntityTag] = []
    var index = value.lowerBound
    let end = value.upperBound
    var mayStart = true
    while index < end {
      let byte = input.byte(index)
      if byte == ASCII.comma {
        mayStart = true
        index += 1
      } else if byte == ASCII.space || byte == ASCII.tab {
        index += 1
      } else {
        guard mayStart, tags.count < EntityTagCondition.maximumTagCount else { return }
        var isWeak = false
        if byte == UInt8(ascii: "W") {
          guard index + 1 < end, input.byte(index + 1) == ASCII.slash else { return }
          isWeak = true
          index += 2
        }
        guard index < end, input.byte(index) == ASCII.quote else { return }
        let start = index + 1
        index = start
        while index < end, EntityTag.isPart(input.byte(index)) { index += 1 }
        guard index < end, input.byte(index) == ASCII.quote else { return }
        tags.append(EntityTag(unchecked: input.string(start..<index), isWeak: isWeak))
        index += 1
        mayStart = false
      }
    }
    if !tags.isEmpty { self = .tags(tags) }
  }

  /// Whether an If-Match field with this value holds: strong comparison. `current` is nil when nothing is
  /// there. A malformed one does not hold.
  public func matchesStrongly(_ current: EntityTag?) -> Bool {
    guard let current else { return false }
    switch self {
    case .any: return true
    case .tags(let tags): return tags.contains { $0.matchesStrongly(current) }
    case .malformed: return false
    }
  }

  /// Whether the tags of an If-None-Match field name `current`: weak comparison. True means 304 for GET and
  /// HEAD, 412 for the others.
  public func matchesWeakly(_ current: EntityTag?) -> Bool {
    guard let current else { return false }
    switch self {
    case .any: return true
    case .tags(let tags): return tags.contains { $0.matchesWeakly(current) }
    case .malformed: return false
    }
  }
}

extension EntityTag {
  init(unchecked opaque: String, isWeak: Bool) {
    self.opaque = opaque
    self.isWeak = isWeak
  }
}
