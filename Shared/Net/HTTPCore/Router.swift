import Bytes

/// One line of a router: a method, a template, and what it means.
///
/// A template is a path of segments: `products` stands for itself (so does `products:batch`), `{id}` for one
/// segment that is not empty, `{rest...}`, last only, for the rest of the path, slashes included, at least
/// one byte.
public struct Route<T> {
  /// The method that is routed.
  public let method: Method
  /// The path's template.
  public let template: StaticString
  /// What the service calls it.
  public let value: T

  /// A route.
  public init(_ method: Method, _ template: StaticString, _ value: T) {
    self.method = method
    self.template = template
    self.value = value
  }
}

/// Finds the route for a method and a path.
///
/// Paths are compared as they were sent, byte by byte: an escape in a literal segment, a doubled or a trailing
/// slash is another path. Literal segments win over parameters, parameters over the rest; where the winner does
/// not know the method the next candidate is asked. HEAD matches where GET does, unless it has its own route.
/// Cost: comparisons of bytes along the path; no allocation except for parameters.
public struct Router<T> {
  /// What a path led to.
  public enum Match {
    /// The route's value, its template (for logs and metrics), and the parameters.
    case route(T, template: StaticString, parameters: PathParameters)
    /// The path is known under other methods; `allow` is the value of the Allow field.
    case methodNotAllowed(allow: String)
    /// No such path.
    case notFound
  }

  /// The routes, in the order they were given.
  public let routes: [Route<T>]
  @usableFromInline var tree = RouteTree()

  /// A router of these routes. Traps on a malformed template, on two parameters in one segment, on more than
  /// four in a template, and on two routes for the same method and shape.
  public init(_ routes: [Route<T>]) {
    self.routes = routes
    tree.reserve(routes.count)
    for (index, route) in routes.enumerated() { tree.add(route.method, route.template, index) }
  }

  /// The route for `path` (without its query; empty means `/`).
  @inlinable
  public func match(_ method: Method, path: RawSpan) -> Match {
    switch find(method, path: path) {
    case .notFound: return .notFound
    case .methodNotAllowed(let methods): return .methodNotAllowed(allow: methods.allow)
    case .route(let index, let ranges):
      guard let parameters = ranges.decoded(in: path) else { return .notFound }
      return .route(routes[index].value, template: routes[index].template, parameters: parameters)
    }
  }

  /// The same without decoding parameters: for hot paths that compare bytes. A parameter found here may still
  /// hold a malformed escape.
  @inlinable
  public func find(_ method: Method, path: RawSpan) -> RouteLookup { tree.lookUp(method, path) }
}

/// What a path led to, with the parameters left where they are.
public enum RouteLookup: Sendable {
  /// The index of the route in the list the router was made of.
  case route(Int, parameters: PathRanges)
  /// The path is known under other methods.
  case methodNotAllowed(MethodSet)
  /// No such path.
  case notFound
}

/// Where a template's parameters stand in a path; at most four.
public struct PathRanges: Sendable {
  private var ranges: InlineArray<4, Range<Int>> = .init(repeating: 0..<0)
  /// How many there are.
  public private(set) var count = 0

  /// The range of the parameter at `index`; traps beyond `count`.
  public subscript(index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count)
    return ranges[index]
  }

  mutating func push(_ range: Range<Int>) {
    ranges[count] = range
    count += 1
  }

  mutating func pop() { count -= 1 }

  /// The parameters as text; nil when one is malformed. See `PathParameters`.
  public func decoded(in path: RawSpan) -> PathParameters? {
    guard count > 0 else { return PathParameters([]) }
    var values: [String] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      let raw = path.extracting(ranges[index])
      guard let value = PercentCoding.decode(raw), !PathRanges.hasEscapedSlash(raw) else { return nil }
      values.append(value)
    }
    return PathParameters(values)
  }

  private static func hasEscapedSlash(_ raw: RawSpan) -> Bool {
    guard raw.byteCount >= 3 else { return false }
    for index in 0..<raw.byteCount - 2
    where raw.byte(index) == ASCII.percent && raw.byte(index + 1) == UInt8(ascii: "2")
      && raw.byte(index + 2) | 0x20 == UInt8(ascii: "f")
    {
      return true
    }
    return false
  }
}

/// A set of methods.
public struct MethodSet: Equatable, Sendable {
  private var bits: UInt16 = 0

  /// No method.
  public init() {}

  /// Whether it holds none.
  public var isEmpty: Bool { bits == 0 }

  /// Whether it holds `method`.
  public func contains(_ method: Method) -> Bool { bits & 1 << UInt16(method.rawValue) != 0 }

  /// Adds a method.
  public mutating func insert(_ method: Method) { bits |= 1 << UInt16(method.rawValue) }

  mutating func formUnion(_ other: MethodSet) { bits |= other.bits }

  /// The value of an Allow field: these methods, HEAD where GET is, and OPTIONS, which the server answers.
  public var allow: String {
    var all = self
    if contains(.get) { all.insert(.head) }
    all.insert(.options)
    let order: [Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]
    var text = ""
    for method in order where all.contains(method) {
      if !text.isEmpty { text += ", " }
      text += String(literal: method.name)
    }
    return text
  }
}
