/// Lists of texts in a fraction of the code. These stand before the standard library's own, which are inlined wherever a
/// list grows: 110 bytes of an image each time.
extension Array where Element == String {
  @inline(never)
  public mutating func append(_ text: String) { append(contentsOf: CollectionOfOne(text)) }

  /// The texts one after another, `separator` between them.
  @inline(never)
  public func joined(separator: String = "") -> String {
    var joined = ""
    for index in indices {
      if index > 0 { joined += separator }
      joined += self[index]
    }
    return joined
  }
}

/// Fields of messages, pairs of queries, cookies.
extension Array where Element == (name: String, value: String) {
  @inline(never)
  public mutating func append(_ pair: (name: String, value: String)) {
    append(contentsOf: CollectionOfOne(pair))
  }
}
