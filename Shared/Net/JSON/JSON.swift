// RFC 8259 before changing this module. It is part of the synchronous core: no clock, no I/O, no `async`.
import Bytes

/// A JSON value (RFC 8259 §3).
///
/// Numbers are exact: one written without fraction and exponent is an `Int64`, and one that does not fit is an
/// error of `parse`; every other number is the nearest finite `Double`.
public enum JSON: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number written without fraction and exponent.
  case integer(Int64)
  /// A number written with fraction or exponent; always finite.
  case number(Double)
  /// A string of Unicode scalars: escapes are decoded, lone surrogates cannot occur.
  case string(String)
  /// The elements in order.
  case array([JSON])
  /// The members; no key occurs twice.
  case object(JSONObject)

  /// Reads exactly one value that fills `bytes`, white space around it allowed.
  ///
  /// Strict: RFC 8259 and nothing beside it. UTF-8 is validated, keys are unique, a byte order mark is refused.
  /// Cost: one pass; O(n log n) in the members of an object of more than 16. Recursion is bounded by
  /// `limits.maximumDepth`.
  public static func parse(_ bytes: RawSpan, limits: JSONLimits = .init()) throws(JSONError) -> JSON {
    var reader = Reader(bytes, limits)
    return try reader.document()
  }

  /// Reads exactly one value that fills `bytes`.
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = .init()) throws(JSONError) -> JSON {
    try parse(bytes.span.bytes, limits: limits)
  }

  /// Reads exactly one value that fills the UTF-8 of `text`.
  public static func parse(_ text: String, limits: JSONLimits = .init()) throws(JSONError) -> JSON {
    try parse(Array(text.utf8), limits: limits)
  }

  /// The value as compact JSON text in UTF-8.
  public func serialized() -> [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }
}

// What callers ask of a value; nil when it is of another kind.
extension JSON {
  /// The value of a member, when this is an object that has it.
  public subscript(key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  /// Whether this is `null`.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The Boolean.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The integer. `3.0` and `3e0` count as 3, as in JSON Schema, while a `Double` names every integer (2^53).
  public var integer: Int64? {
    switch self {
    case .integer(let value): return value
    case .number(let value):
      guard value.magnitude <= 9_007_199_254_740_992 else { return nil }
      let whole = Int64(value)
      return Double(whole) == value ? whole : nil
    default: return nil
    }
  }

  /// The number; an integer is rounded to the nearest `Double`.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The string.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements.
  public var array: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members.
  public var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }
}
