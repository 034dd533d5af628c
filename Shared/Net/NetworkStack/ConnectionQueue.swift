/// Connections in the order they came, linked through themselves, so that nothing is allocated. A connection stands in one
/// queue at most. Whoever has a queue empties it before it goes, or the connections would go one within the other.
struct ConnectionQueue {
  private var first: StackConnection?
  /// Not owned: `first` leads to it.
  private unowned(unsafe) var last: StackConnection?
  /// Connections in it.
  private(set) var count = 0

  mutating func append(_ connection: StackConnection) {
    if let last { last.next = connection } else { first = connection }
    last = connection
    count += 1
  }

  mutating func popFirst() -> StackConnection? {
    guard let connection = first else { return nil }
    first = connection.next
    connection.next = nil
    if first == nil { last = nil }
    count -= 1
    return connection
  }
}
