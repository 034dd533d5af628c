import Bytes

/// Reads an object that one of our own programs wrote, where every member is there and of its kind. One that is not
/// reads as nothing and is remembered: the reader of a type asks once, at its end, and not at each member.
///
/// For bodies from outside there is `BodyReader`, which says what is wrong with them.
public struct JSONMembers {
  private let object: JSONObject
  /// Whether everything that was read was there, and of its kind.
  public private(set) var isComplete = true

  /// The members of `json`; incomplete when it is no object.
  @inline(never)
  public init(_ json: JSON) {
    if case .object(let object) = json {
      self.object = object
    } else {
      object = JSONObject(unique: [])
      isComplete = false
    }
  }

  // Not inlined, and asked with one word: programs read a hundred members.

  /// The name of a member, as it stands in a program's source.
  public struct Key: ExpressibleByStringLiteral {
    /// The literal's bytes, which live as long as the program and end with a zero.
    private let start: UnsafePointer<UInt8>

    /// A name.
    @inlinable
    public init(stringLiteral name: StaticString) { self.init(name.utf8Start) }

    @usableFromInline
    init(_ start: UnsafePointer<UInt8>) { self.start = start }

    /// The name as a string.
    fileprivate var text: String {
      var count = 0
      while start[count] != 0 { count += 1 }
      return String(utf8: UnsafeRawBufferPointer(start: start, count: count).bytes)
    }
  }

  @inline(never)
  private func find(_ key: Key) -> JSON? { object[key.text] }

  /// A string.
  @inline(never)
  public mutating func string(_ key: Key) -> String {
    if case .string(let value)? = find(key) { return value }
    isComplete = false
    return ""
  }

  /// A string; nil when there is none, which is no mistake.
  @inline(never)
  public func optionalString(_ key: Key) -> String? { find(key)?.string }

  /// An integer.
  @inline(never)
  public mutating func integer(_ key: Key) -> Int64 {
    if let value = find(key)?.integer { return value }
    isComplete = false
    return 0
  }

  /// A Boolean.
  @inline(never)
  public mutating func bool(_ key: Key) -> Bool {
    if case .bool(let value)? = find(key) { return value }
    isComplete = false
    return false
  }

  /// The elements of an array.
  @inline(never)
  public mutating func array(_ key: Key) -> [JSON] {
    if case .array(let value)? = find(key) { return value }
    isComplete = false
    return []
  }

  /// Whatever there is; `null` when there is nothing.
  @inline(never)
  public func member(_ key: Key) -> JSON { find(key) ?? .null }

  /// Incomplete when `condition` is false: for what callers read out of a member.
  @inline(never)
  public mutating func require(_ condition: Bool) { isComplete = isComplete && condition }

  /// The elements of an array of objects, as `read` makes them.
  public mutating func list<Element>(_ key: Key, _ read: (inout JSONMembers) -> Element) -> [Element] {
    let values = array(key)
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for value in values {
      var members = JSONMembers(value)
      elements.append(read(&members))
      require(members.isComplete)
    }
    return elements
  }

  /// The elements of an array of strings.
  @inline(never)
  public mutating func strings(_ key: Key) -> [String] {
    var strings: [String] = []
    for value in array(key) {
      if case .string(let text) = value { strings.append(text) } else { isComplete = false }
    }
    return strings
  }
}
