/// One `name=value` of a log line.
///
/// Names are written in the source (`StaticString`) and follow `[a-z][a-z0-9_.]*`; only values come from outside.
public struct LogField: Sendable {
  let name: StaticString
  let value: LogValue

  /// Text. Escaped, and cut at `Logger.maximumValueByteCount`.
  public init(_ name: StaticString, _ value: String) {
    self.name = name
    self.value = .text(value)
  }

  /// Text that the source holds, such as an enum's name.
  public init(_ name: StaticString, _ value: StaticString) {
    self.name = name
    self.value = .literal(value)
  }

  /// A whole number.
  public init(_ name: StaticString, _ value: Int) {
    self.name = name
    self.value = .integer(Int64(value))
  }

  /// A whole number.
  public init(_ name: StaticString, _ value: Int64) {
    self.name = name
    self.value = .integer(value)
  }

  /// `true` or `false`.
  public init(_ name: StaticString, _ value: Bool) {
    self.name = name
    self.value = .bool(value)
  }

  /// A duration: written as seconds with six decimals, so name it for what took the time.
  public init(_ name: StaticString, _ value: Duration) {
    self.name = name
    self.value = .duration(value)
  }
}

/// What a field can hold.
enum LogValue: Sendable {
  case text(String)
  case literal(StaticString)
  case integer(Int64)
  case bool(Bool)
  case duration(Duration)
}
