/// One `name=value` of a log line.
///
/// Names are written in the source (`StaticString`) and follow `[a-z][a-z0-9_.]*`; only values come from outside.
public struct LogField: Sendable {
  @usableFromInline let name: StaticString
  @usableFromInline let value: LogValue

  /// Text. Escaped, and cut at `Logger.maximumValueByteCount`.
  @inline(__always)
  public init(_ name: StaticString, _ value: String) {
    self.name = name
    self.value = .text(value)
  }

  /// Text that the source holds, such as an enum's name.
  @inline(__always)
  public init(_ name: StaticString, _ value: StaticString) {
    self.name = name
    self.value = .literal(value)
  }

  /// A whole number.
  @inline(__always)
  public init(_ name: StaticString, _ value: Int) {
    self.name = name
    self.value = .integer(Int64(value))
  }

  /// A whole number.
  @inline(__always)
  public init(_ name: StaticString, _ value: Int64) {
    self.name = name
    self.value = .integer(value)
  }

  /// `true` or `false`.
  @inline(__always)
  public init(_ name: StaticString, _ value: Bool) {
    self.name = name
    self.value = .bool(value)
  }

  /// A duration: written as seconds with six decimals, so name it for what took the time.
  @inline(__always)
  public init(_ name: StaticString, _ value: Duration) {
    self.name = name
    self.value = .duration(value)
  }
}

/// What a field can hold.
@usableFromInline
enum LogValue: Sendable {
  case text(String)
  case literal(StaticString)
  case integer(Int64)
  case bool(Bool)
  case duration(Duration)
}
