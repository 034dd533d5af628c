import Bytes

/// The segments of all templates as a tree in flat arrays, so that looking up allocates nothing.
@usableFromInline
struct RouteTree: Sendable {
  /// One look-up on its way.
  private struct Search {
    let method: Method
    var parameters = PathRanges()
    /// The methods of paths that matched, but for the method.
    var others = MethodSet()
  }

  /// Places in the arrays below; -1 is none. Nothing here counts references, so walking costs only comparisons.
  private struct Node {
    var firstLiteral = -1
    var parameter = -1
    var rest = -1
    var firstEnd = -1
    /// The methods of the routes that end here.
    var methods = MethodSet()
  }

  /// A literal child of a node: its text, its node, and the next child.
  private struct Literal: @unchecked Sendable {
    // Safe to keep and to share: it points into a literal of the program's, which is there for good and never written.
    let text: UnsafeRawBufferPointer
    let node: Int
    let next: Int
  }

  /// A route that ends at a node, and the next one that does.
  private struct End {
    let method: Method
    let route: Int
    let next: Int
  }

  private var nodes = [Node()]
  private var literals: [Literal] = []
  private var ends: [End] = []

  /// Makes room for the templates of `count` routes, about.
  mutating func reserve(_ count: Int) {
    nodes.reserveCapacity(2 * count)
    literals.reserveCapacity(2 * count)
    ends.reserveCapacity(count)
  }

  /// Adds a template; see `Router.init` for what traps.
  mutating func add(_ method: Method, _ template: StaticString, _ index: Int) {
    // A literal's bytes live as long as the program; of `/` alone, which may have none, only the empty segment is kept.
    let node = template.withUTF8Buffer { insert(UnsafeRawBufferPointer($0)) }
    precondition(!nodes[node].methods.contains(method), "two routes for one method and path")
    nodes[node].methods.insert(method)
    ends.append(End(method: method, route: index, next: nodes[node].firstEnd))
    nodes[node].firstEnd = ends.count - 1
  }

  /// The node of a template.
  private mutating func insert(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = bytes.count
    precondition(count > 0 && bytes[0] == ASCII.slash, "a template starts with a slash")
    var node = 0
    var parameterCount = 0
    var start = 1
    while true {
      var end = start
      var hasBrace = false
      while end < count, bytes[end] != ASCII.slash {
        if bytes[end] == ASCII.openBrace { hasBrace = true }
        end &+= 1
      }
      if hasBrace {
        precondition(
          bytes[start] == ASCII.openBrace && bytes[end - 1] == ASCII.closeBrace && end - start > 2,
          "a parameter is a whole segment")
        parameterCount += 1
        precondition(parameterCount <= 4, "at most four parameters in a template")
        let isRest =
          end - start > 5 && bytes[end - 2] == ASCII.dot && bytes[end - 3] == ASCII.dot
          && bytes[end - 4] == ASCII.dot
        precondition(!isRest || end == count, "the rest is the last segment")
        node = isRest ? restChild(of: node) : parameterChild(of: node)
      } else {
        node = literalChild(of: node, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
      guard end < count else { return node }
      start = end + 1
    }
  }

  private mutating func newNode() -> Int {
    nodes.append(Node())
    return nodes.count - 1
  }

  private mutating func parameterChild(of node: Int) -> Int {
    if nodes[node].parameter < 0 { nodes[node].parameter = newNode() }
    return nodes[node].parameter
  }

  private mutating func restChild(of node: Int) -> Int {
    if nodes[node].rest < 0 { nodes[node].rest = newNode() }
    return nodes[node].rest
  }

  /// The child of `node` for this segment of a template.
  private mutating func literalChild(of node: Int, _ text: UnsafeRawBufferPointer) -> Int {
    var place = nodes[node].firstLiteral
    while place >= 0 {
      let literal = literals[place]
      // A part of the program's own text, and read at once.
      if equals(RawSpan(_unsafeBytes: text), 0, text.count, literal) { return literal.node }
      place = literal.next
    }
    let child = newNode()
    literals.append(Literal(text: text, node: child, next: nodes[node].firstLiteral))
    nodes[node].firstLiteral = literals.count - 1
    return child
  }

  /// What `path` leads to.
  @usableFromInline
  func lookUp(_ method: Method, _ path: RawSpan) -> RouteLookup {
    var search = Search(method: method)
    if let index = find(path, &search) { return .route(index, parameters: search.parameters) }
    return search.others.isEmpty ? .notFound : .methodNotAllowed(search.others)
  }

  /// The index of the route for `path`.
  private func find(_ path: RawSpan, _ search: inout Search) -> Int? {
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
    let branches = nodes[node]
    var place = branches.firstLiteral
    while place >= 0 {
      let literal = literals[place]
      if equals(path, start, end, literal) {
        if let index = enter(path, end, literal.node, &search) { return index }
        break
      }
      place = literal.next
    }
    if branches.parameter >= 0, end > start {
      search.parameters.push(start..<end)
      if let index = enter(path, end, branches.parameter, &search) { return index }
      search.parameters.pop()
    }
    if branches.rest >= 0, count > start {
      search.parameters.push(start..<count)
      if let index = enter(path, count, branches.rest, &search) { return index }
      search.parameters.pop()
    }
    return nil
  }

  /// Goes on behind a segment that ended at `end`.
  private func enter(_ path: RawSpan, _ end: Int, _ node: Int, _ search: inout Search) -> Int? {
    if end < path.byteCount { return find(path, from: end + 1, node: node, &search) }
    if let route = route(at: node, search.method) { return route }
    if search.method == .head, let route = route(at: node, .get) { return route }
    search.others.formUnion(nodes[node].methods)
    return nil
  }

  private func route(at node: Int, _ method: Method) -> Int? {
    var place = nodes[node].firstEnd
    while place >= 0 {
      if ends[place].method == method { return ends[place].route }
      place = ends[place].next
    }
    return nil
  }

  @inline(__always)
  private func equals(_ path: RawSpan, _ start: Int, _ end: Int, _ literal: Literal) -> Bool {
    let text = literal.text
    guard end &- start == text.count else { return false }
    var offset = 0
    while offset < text.count {
      if path.byte(start &+ offset) != text[offset] { return false }
      offset &+= 1
    }
    return true
  }
}
