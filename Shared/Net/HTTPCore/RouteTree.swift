import Bytes

/// The segments of all templates as a tree in flat arrays, so that looking up allocates nothing.
struct RouteTree {
  /// One look-up on its way.
  struct Search {
    let method: Method
    var parameters = PathRanges()
    /// The methods of paths that matched, but for the method.
    var others = MethodSet()
  }

  private struct Node {
    /// Literal children: where their text stands in `text`, and their node.
    var literals: [(text: Range<Int>, node: Int)] = []
    var parameter: Int?
    var rest: Int?
    /// The routes that end here.
    var methods = MethodSet()
    var routes: [(method: Method, index: Int)] = []
  }

  private var nodes = [Node()]
  private var text: [UInt8] = []

  /// Adds a template; see `Router.init` for what traps.
  mutating func add(_ method: Method, _ template: StaticString, _ index: Int) {
    let bytes = template.withUTF8Buffer { Array($0) }
    precondition(bytes.first == ASCII.slash, "a template starts with a slash")
    var node = 0
    var parameterCount = 0
    var start = 1
    while true {
      var end = start
      while end < bytes.count, bytes[end] != ASCII.slash { end += 1 }
      let segment = Array(bytes[start..<end])
      if segment.first == ASCII.openBrace {
        precondition(segment.last == ASCII.closeBrace && segment.count > 2, "a parameter is a whole segment")
        parameterCount += 1
        precondition(parameterCount <= 4, "at most four parameters in a template")
        let isRest = segment.count > 5 && segment.dropLast().suffix(3) == [ASCII.dot, ASCII.dot, ASCII.dot]
        precondition(!isRest || end == bytes.count, "the rest is the last segment")
        node = isRest ? restChild(of: node) : parameterChild(of: node)
      } else {
        precondition(!segment.contains(ASCII.openBrace), "a parameter is a whole segment")
        node = literalChild(of: node, segment)
      }
      guard end < bytes.count else { break }
      start = end + 1
    }
    precondition(!nodes[node].methods.contains(method), "two routes for one method and path")
    nodes[node].methods.insert(method)
    nodes[node].routes.append((method, index))
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  private mutating func parameterChild(of node: Int) -> Int {
    if let child = nodes[node].parameter { return child }
    let child = newNode()
    nodes[node].parameter = child
    return child
  }

  private mutating func restChild(of node: Int) -> Int {
    if let child = nodes[node].rest { return child }
    let child = newNode()
    nodes[node].rest = child
    return child
  }

  private mutating func literalChild(of node: Int, _ segment: [UInt8]) -> Int {
    for literal in nodes[node].literals where Array(text[literal.text]) == segment { return literal.node }
    let child = newNode()
    let start = text.count
    text += segment
    nodes[node].literals.append((start..<text.count, child))
    return child
  }

  /// The index of the route for `path`.
  func find(_ path: RawSpan, _ search: inout Search) -> Int? {
    if path.byteCount == 0 {
      // The empty path of an absolute form means `/`: one empty segment.
      return find(path, from: 0, node: 0, &search)
    }
    guard path.byte(0) == ASCII.slash else { return nil }
    return find(path, from: 1, node: 0, &search)
  }

  /// `start` is the first byte of the next segment. Goes no deeper than the longest template.
  private func find(_ path: RawSpan, from start: Int, node: Int, _ search: inout Search) -> Int? {
    let count = path.byteCount
    var end = start
    while end < count, path.byte(end) != ASCII.slash { end += 1 }
    for literal in nodes[node].literals where equals(path, start, end, literal.text) {
      if let index = enter(path, end, literal.node, &search) { return index }
      break
    }
    if let child = nodes[node].parameter, end > start {
      search.parameters.push(start..<end)
      if let index = enter(path, end, child, &search) { return index }
      search.parameters.pop()
    }
    if let child = nodes[node].rest, count > start {
      search.parameters.push(start..<count)
      if let index = enter(path, count, child, &search) { return index }
      search.parameters.pop()
    }
    return nil
  }

  /// Goes on behind a segment that ended at `end`.
  private func enter(_ path: RawSpan, _ end: Int, _ node: Int, _ search: inout Search) -> Int? {
    if end < path.byteCount { return find(path, from: end + 1, node: node, &search) }
    guard !nodes[node].routes.isEmpty else { return nil }
    for route in nodes[node].routes where route.method == search.method { return route.index }
    if search.method == .head {
      for route in nodes[node].routes where route.method == .get { return route.index }
    }
    search.others.formUnion(nodes[node].methods)
    return nil
  }

  @inline(__always)
  private func equals(_ path: RawSpan, _ start: Int, _ end: Int, _ literal: Range<Int>) -> Bool {
    guard end - start == literal.count else { return false }
    for offset in 0..<literal.count where path.byte(start + offset) != text[literal.lowerBound + offset] {
      return false
    }
    return true
  }
}
