/// What a path put in the place of a template's parameters, percent-decoded, in order of appearance.
///
/// A parameter is valid UTF-8 without NUL. That of a `{name}` holds no `/`: a path in which one would appear
/// by decoding `%2F` matches no route. That of a `{name...}` is the rest of the path, its slashes kept; there
/// an escaped slash is no match either.
public struct PathParameters: Equatable, Sendable {
  private let values: [String]

  /// Parameters with these values.
  public init(_ values: [String]) { self.values = values }

  /// How many there are.
  public var count: Int { values.count }

  /// The parameter at `index`; traps beyond the template's.
  public subscript(index: Int) -> String { values[index] }
}
