import Bytes
import JSON

/// Reads a JSON object field by field and gathers everything that is wrong with it (422), each error with its
/// JSON pointer (RFC 6901). Fields nobody asks for are ignored.
///
/// A required field that is missing or wrong reads as an empty value, so a caller reads everything first and
/// then calls `check` once:
///
///     var body = BodyReader(call.json)
///     let quantity = body.integer("quantity", in: 0...999)
///     try body.check()
public struct BodyReader {
  /// What is wrong so far.
  public private(set) var errors: [FieldError] = []
  private var json: JSON
  private var pointer: String

  /// The most errors that are gathered; a body with more has other problems.
  public static let maximumErrors = 50

  /// A reader of a request's body. Anything but an object is an error at the whole body.
  public init(_ json: JSON?) {
    self.init(json ?? .null, at: "")
  }

  /// A reader of a part of a body that stands at `pointer`.
  public init(_ json: JSON, at pointer: String) {
    self.json = json
    self.pointer = pointer
    if json.object == nil { report(pointer, "must be a JSON object") }
  }

  /// Whether nothing was wrong so far.
  public var isValid: Bool { errors.isEmpty }

  /// The 422 for what was gathered, or nil.
  public var problem: Problem? { errors.isEmpty ? nil : .invalid(errors) }

  /// Throws the 422 when anything was wrong.
  public func check() throws(Problem) {
    if let problem { throw problem }
  }

  /// Reports that `name` is wrong for a reason of the caller's.
  public mutating func fail(_ name: String, _ detail: String) {
    report(pointer(to: name), detail)
  }

  /// Whether the field is there and not null.
  public func has(_ name: String) -> Bool { field(name) != nil }

  /// The field as it is; nil when absent or null.
  public func field(_ name: String) -> JSON? {
    guard let value = json[name], !value.isNull else { return nil }
    return value
  }

  // MARK: Text

  /// A required string of `length` Unicode scalars, not blank unless it may be empty, without control
  /// characters; with `lines`, line feeds and tabs are allowed.
  public mutating func string(_ name: String, length: ClosedRange<Int> = 1...200, lines: Bool = false)
    -> String
  {
    guard let value = required(name) else { return "" }
    return text(value, pointer(to: name), length, lines) ?? ""
  }

  /// The same, or nil when the field is absent or null.
  public mutating func optionalString(
    _ name: String, length: ClosedRange<Int> = 0...200, lines: Bool = false
  ) -> String? {
    guard let value = field(name) else { return nil }
    return text(value, pointer(to: name), length, lines)
  }

  /// An optional array of strings.
  public mutating func strings(
    _ name: String, count: ClosedRange<Int>, length: ClosedRange<Int> = 1...100
  ) -> [String] {
    guard let elements = elements(name, count) else { return [] }
    var strings: [String] = []
    for (index, element) in elements.enumerated() {
      if let string = text(element, pointer(to: name) + "/" + String(index), length, false) {
        strings.append(string)
      }
    }
    return strings
  }

  // MARK: Numbers

  /// A required integer in `range`.
  public mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64 {
    guard let value = required(name) else { return range.lowerBound }
    return integer(value, pointer(to: name), range) ?? range.lowerBound
  }

  /// An integer in `range`, or nil when the field is absent or null.
  public mutating func optionalInteger(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
    guard let value = field(name) else { return nil }
    return integer(value, pointer(to: name), range)
  }

  /// A required `true` or `false`.
  public mutating func bool(_ name: String) -> Bool {
    guard let value = required(name) else { return false }
    return bool(value, name)
  }

  /// `true` or `false`, or nil when the field is absent or null.
  public mutating func optionalBool(_ name: String) -> Bool? {
    guard let value = field(name) else { return nil }
    return bool(value, name)
  }

  /// A required amount of money in the shop's currency.
  public mutating func money(
    _ name: String, currency: String, in range: ClosedRange<Int64> = 0...Money.maximumPrice
  ) -> Money {
    let wrong = Money.zero(currency)
    return object(name) { reader in
      let amount = reader.integer("amount", in: range)
      let code = reader.string("currency", length: 3...3)
      if reader.isValid && code != currency {
        reader.fail("currency", "must be " + currency + ", the shop's currency")
      }
      return Money(amount, currency)
    } ?? wrong
  }

  // MARK: Objects and arrays

  /// A required object; `body` reads its fields. Nil when it is missing or no object.
  public mutating func object<T>(_ name: String, _ body: (inout BodyReader) -> T) -> T? {
    guard let value = required(name) else { return nil }
    return nested(value, pointer(to: name), body)
  }

  /// An object, or nil when the field is absent or null.
  public mutating func optionalObject<T>(_ name: String, _ body: (inout BodyReader) -> T) -> T? {
    guard let value = field(name) else { return nil }
    return nested(value, pointer(to: name), body)
  }

  /// A required array of objects; `body` reads each.
  public mutating func objects<T>(
    _ name: String, count: ClosedRange<Int>, _ body: (inout BodyReader) -> T
  ) -> [T] {
    guard required(name) != nil, let elements = elements(name, count) else { return [] }
    var results: [T] = []
    for (index, element) in elements.enumerated() {
      if let result = nested(element, pointer(to: name) + "/" + String(index), body) {
        results.append(result)
      }
    }
    return results
  }

  /// A required array, for callers who judge each element on its own (an import). Nil when it is wrong.
  public mutating func array(_ name: String, count: ClosedRange<Int>) -> [JSON]? {
    guard required(name) != nil else { return nil }
    return elements(name, count)
  }

  // MARK: Parts

  private mutating func required(_ name: String) -> JSON? {
    guard json.object != nil else { return nil }  // reported once, for the whole
    if let value = field(name) { return value }
    report(pointer(to: name), "is required")
    return nil
  }

  private mutating func elements(_ name: String, _ count: ClosedRange<Int>) -> [JSON]? {
    guard let value = field(name) else { return nil }
    guard let elements = value.array else {
      report(pointer(to: name), "must be an array")
      return nil
    }
    guard count.contains(elements.count) else {
      report(pointer(to: name), "must have " + Self.words(count) + " elements")
      return nil
    }
    return elements
  }

  private mutating func nested<T>(
    _ value: JSON, _ pointer: String, _ body: (inout BodyReader) -> T
  ) -> T? {
    var reader = BodyReader(value, at: pointer)
    let result = value.object == nil ? nil : body(&reader)
    for error in reader.errors { report(error.pointer, error.detail) }
    return result
  }

  private mutating func text(
    _ value: JSON, _ pointer: String, _ length: ClosedRange<Int>, _ lines: Bool
  ) -> String? {
    guard let text = value.string else {
      report(pointer, "must be a string")
      return nil
    }
    var count = 0
    var isBlank = true
    for scalar in text.unicodeScalars {
      count += 1
      let isLine = scalar.value == 10 || scalar.value == 9 || scalar.value == 13
      if scalar.value < 32 && !(lines && isLine) || (0x7f...0x9f).contains(scalar.value) {
        report(pointer, "must not contain control characters")
        return nil
      }
      if scalar.value != 32 && !isLine { isBlank = false }
    }
    guard length.contains(count) else {
      report(pointer, "must have " + Self.words(length) + " characters")
      return nil
    }
    if isBlank && length.lowerBound > 0 {
      report(pointer, "must not be blank")
      return nil
    }
    return text
  }

  private mutating func integer(_ value: JSON, _ pointer: String, _ range: ClosedRange<Int64>) -> Int64? {
    guard let number = value.integer else {
      let isHuge = value.number.map { $0.magnitude >= 0x1p63 } ?? false
      report(pointer, isHuge ? Self.bounds(range) : "must be an integer")
      return nil
    }
    guard range.contains(number) else {
      report(pointer, Self.bounds(range))
      return nil
    }
    return number
  }

  private mutating func bool(_ value: JSON, _ name: String) -> Bool {
    if let bool = value.bool { return bool }
    report(pointer(to: name), "must be true or false")
    return false
  }

  private mutating func report(_ pointer: String, _ detail: String) {
    if errors.count < Self.maximumErrors { errors.append(FieldError(pointer: pointer, detail: detail)) }
  }

  /// RFC 6901 §3: `~` and `/` are escaped. Field names are ours and hold neither.
  private func pointer(to name: String) -> String { pointer + "/" + name }

  private static func bounds(_ range: ClosedRange<Int64>) -> String {
    "must be " + String(range.lowerBound) + " to " + String(range.upperBound)
  }

  private static func words(_ range: ClosedRange<Int>) -> String {
    if range.lowerBound == range.upperBound { return "exactly " + String(range.lowerBound) }
    return String(range.lowerBound) + " to " + String(range.upperBound)
  }
}
