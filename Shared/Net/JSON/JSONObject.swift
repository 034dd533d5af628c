import Bytes

/// The members of a JSON object (RFC 8259 §4) in document order.
///
/// Keys are compared by their bytes (§8.3), as the `==` of `Bytes` does, not by Unicode's canonical equivalence.
/// Two objects are equal when they have the same members, in whatever order.
public struct JSONObject: Equatable, Sendable {
  /// The members in document order; no key occurs twice.
  public let members: [(key: String, value: JSON)]

  /// An object of these members. A repeated key traps: it is a programmer's mistake here, `parse` refuses it.
  public init(_ members: [(key: String, value: JSON)] = []) {
    if Self.repeatedKey(members) != nil { preconditionFailure("a key occurs twice") }
    self.members = members
  }

  /// For the reader, which has looked for repeated keys itself.
  init(unique members: [(key: String, value: JSON)]) {
    self.members = members
  }

  /// The value under `key`. Cost: O(members).
  public subscript(key: String) -> JSON? {
    @inline(never) get {
      for member in members where member.key == key { return member.value }
      return nil
    }
  }

  /// Whether both have the same members, in whatever order. Cost: O(n log n).
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.members.count == right.members.count else { return false }
    let lefts = order(left.members)
    let rights = order(right.members)
    for (l, r) in zip(lefts, rights) {
      guard left.members[l].key == right.members[r].key,
        left.members[l].value == right.members[r].value
      else { return false }
    }
    return true
  }

  /// The first index whose key occurs at a smaller index too.
  @inline(never)
  static func repeatedKey(_ members: [(key: String, value: JSON)]) -> Int? {
    if members.count <= 16 {
      for index in members.indices {
        for earlier in 0..<index where members[earlier].key == members[index].key { return index }
      }
      return nil
    }
    // Sorted rather than hashed: a peer who picks the keys cannot make this slow.
    let order = order(members)
    var first: Int?
    for place in 1..<order.count where members[order[place - 1]].key == members[order[place]].key {
      let later = max(order[place - 1], order[place])
      first = min(first ?? later, later)
    }
    return first
  }

  /// The indices in order of their keys' bytes; equal keys in order of index.
  private static func order(_ members: [(key: String, value: JSON)]) -> [Int] {
    Sorting.places(members.count) { left, right in
      let (leftKey, rightKey) = (members[left].key, members[right].key)
      if leftKey.precedesByBytes(rightKey) { return true }
      return left < right && leftKey == rightKey
    }
  }
}
