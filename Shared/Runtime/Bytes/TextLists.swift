/// Lists of texts in a fraction of the code. These stand before the standard library's own, which are inlined wherever a
/// list grows: 110 bytes of an image each time.
extension Array where Element == String {
  @inline(never)
  public mutating func append(_ text: String) { append(contentsOf: CollectionOfOne(text)) }

  /// The texts one after another, `separator` between them.
  @inline(never)
  public func joined(separator: String = "") -> String {
    var joined = ByteBuffer()
    for index in indices {
      if index > 0 { joined.append(utf8: separator) }
      joined.append(utf8: self[index])
    }
    return String(utf8: joined.bytes)
  }
}

/// Fields of messages, pairs of queries, cookies.
extension Array where Element == (name: String, value: String) {
  @inline(never)
  public mutating func append(_ pair: (name: String, value: String)) {
    append(contentsOf: CollectionOfOne(pair))
  }
}
