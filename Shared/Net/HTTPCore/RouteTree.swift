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

  /// A segment of templates that begin alike. Places in the arrays below; -1 is none. Nothing here counts references,
  /// so walking costs only comparisons.
  private struct Node: @unchecked Sendable {
    // Safe to keep and to share: it points into a literal of the program's, which is there for good and never written.
    /// What a literal segment reads.
    let text: UnsafeRawBufferPointer
    let kind: Kind
    /// The next child of the same parent. Literals stand in front.
    var next = -1
    var firstChild = -1
    var firstEnd = -1
    /// The methods of the routes that end here.
    var methods = MethodSet()
  }

  private enum Kind: UInt8 { case literal, parameter, rest }

  /// A route that ends at a node, and the next one that does.
  private struct End {
    let method: Method
    let route: Int
    let next: Int
  }

  private var nodes = [Node(text: UnsafeRawBufferPointer(start: nil, count: 0), kind: .literal)]
  private var ends: [End] = []

  /// Makes room for the templates of `count` routes, about.
  @inline(never)
  mutating func reserve(_ count: Int) {
    nodes.reserveCapacity(2 * count)
    ends.reserveCapacity(count)
  }

  /// Adds a template; see `Router.init` for what traps.
  @inline(never)
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
      while end < count, bytes[end] != ASCII.slash { end += 1 }
      let segment = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      let kind = Self.kind(of: segment)
      if kind != .literal { parameterCount += 1 }
      precondition(parameterCount <= 4, "at most four parameters in a template")
      precondition(kind != .rest || end == count, "the rest is the last segment")
      node = child(of: node, segment, kind)
      guard end < count else { return node }
      start = end + 1
    }
  }

  private static func kind(of segment: UnsafeRawBufferPointer) -> Kind {
    guard segment.contains(ASCII.openBrace) else { return .literal }
    let count = segment.count
    precondition(
      segment[0] == ASCII.openBrace && segment[count - 1] == ASCII.closeBrace && count > 2,
      "a parameter is a whole segment")
    let isRest = count > 5 && (count - 4..<count - 1).allSatisfy { segment[$0] == ASCII.dot }
    return isRest ? .rest : .parameter
  }

  /// The child of `parent` for this segment of a template.
  private mutating func child(of parent: Int, _ text: UnsafeRawBufferPointer, _ kind: Kind) -> Int {
    var last = -1
    var place = nodes[parent].firstChild
    // Behind all of its kind, and those that are looked at before.
    while place >= 0, nodes[place].kind.rawValue <= kind.rawValue {
      let isSame =
        nodes[place].kind == kind
        // Safe: a part of the program's own text, and read at once.
        && (kind != .literal || equals(RawSpan(_unsafeBytes: text), 0, text.count, nodes[place].text))
      if isSame { return place }
      last = place
      place = nodes[place].next
    }
    var node = Node(text: text, kind: kind)
    node.next = place
    let new = nodes.count
    nodes.append(node)
    if last < 0 { nodes[parent].firstChild = new } else { nodes[last].next = new }
    return new
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
    var place = nodes[node].firstChild
    while place >= 0 {
      let child = nodes[place]
      let here = place
      place = child.next
      if child.kind == .literal {
        guard equals(path, start, end, child.text) else { continue }
        if let index = enter(path, end, here, &search) { return index }
        continue
      }
      let segmentEnd = child.kind == .rest ? count : end
      guard segmentEnd > start else { continue }
      search.parameters.push(start..<segmentEnd)
      if let index = enter(path, segmentEnd, here, &search) { return index }
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
  private func equals(_ path: RawSpan, _ start: Int, _ end: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    guard end &- start == text.count else { return false }
    var offset = 0
    while offset < text.count {
      if path.byte(start &+ offset) != text[offset] { return false }
      offset &+= 1
    }
    return true
  }
}
