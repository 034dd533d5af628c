import Bytes

/// Writes one JSON value straight to bytes, compact and in UTF-8.
///
/// Misuse traps, because it is a programmer's mistake: a value without a key in an object, a key without its
/// value, a key outside an object, a second value at the top, a number that is not finite. That keys are unique
/// is left to the caller.
public struct JSONWriter {
  /// What was written so far; a whole document once the one value at the top is.
  public private(set) var bytes: [UInt8] = []

  private enum Place { case top, array, object }
  private var place = Place.top
  /// Whether something stands before the next value or key here.
  private var needsComma = false
  /// Whether a key waits for its value.
  private var hasKey = false

  /// A writer that has written nothing.
  public init() {}

  /// A writer that has written nothing and has room for `capacity` bytes.
  public init(capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  /// Writes an object; `body` writes its members.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    nest(.object, UInt8(ascii: "{"), UInt8(ascii: "}"), body)
  }

  /// Writes an array; `body` writes its elements.
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    nest(.array, UInt8(ascii: "["), UInt8(ascii: "]"), body)
  }

  /// Writes a key; its value comes next.
  @inline(never)
  public mutating func key(_ name: String) {
    precondition(place == .object && !hasKey, "a key belongs into an object, before its value")
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
    append(quoted: name)
    bytes.append(UInt8(ascii: ":"))
    hasKey = true
  }

  /// Writes a string.
  @inline(never)
  public mutating func value(_ string: String) {
    beginValue()
    append(quoted: string)
  }

  /// Writes an integer.
  @inline(never)
  public mutating func value(_ integer: Int64) {
    beginValue()
    append(decimal: integer)
  }

  /// Writes an integer.
  @inline(never)
  public mutating func value(_ integer: Int) {
    value(Int64(integer))
  }

  /// Writes `true` or `false`.
  @inline(never)
  public mutating func value(_ bool: Bool) {
    beginValue()
    append(bool ? "true" : "false")
  }

  /// Writes a number with as many digits as it takes to read the same one back. It must be finite.
  public mutating func value(_ number: Double) {
    precondition(number.isFinite, "JSON has no infinities and no NaN")
    beginValue()
    bytes.append(contentsOf: number.description.utf8)
  }

  /// Writes `null`.
  @inline(never)
  public mutating func null() {
    beginValue()
    append("null")
  }

  /// Writes a value with all that is in it.
  public mutating func value(_ json: JSON) {
    switch json {
    case .null: null()
    case .bool(let bool): value(bool)
    case .integer(let integer): value(integer)
    case .number(let number): value(number)
    case .string(let string): value(string)
    case .array(let elements):
      array { writer in
        for element in elements { writer.value(element) }
      }
    case .object(let object):
      self.object { writer in
        for (key, value) in object.members { writer.field(key, value) }
      }
    }
  }

  /// Writes a value that is JSON text already. It is not looked at.
  public mutating func raw(_ bytes: [UInt8]) {
    beginValue()
    self.bytes.append(contentsOf: bytes)
  }

  private mutating func nest(
    _ inner: Place, _ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) -> Void
  ) {
    let outer = open(inner, opening)
    body(&self)
    close(outer, closing)
  }

  // Not inlined: a program has hundreds of objects, fields and strings.

  /// Begins an object or array; returns the place that it is in.
  @inline(never)
  private mutating func open(_ inner: Place, _ opening: UInt8) -> Place {
    beginValue()
    let outer = place
    place = inner
    needsComma = false
    bytes.append(opening)
    return outer
  }

  @inline(never)
  private mutating func close(_ outer: Place, _ closing: UInt8) {
    precondition(!hasKey, "a key without its value")
    bytes.append(closing)
    place = outer
    needsComma = true
  }

  /// What stands between the last value and the next.
  private mutating func beginValue() {
    switch place {
    case .object:
      precondition(hasKey, "a value in an object needs a key")
      hasKey = false
    case .array:
      if needsComma { bytes.append(UInt8(ascii: ",")) }
      needsComma = true
    case .top:
      precondition(!needsComma, "a document is one value")
      needsComma = true
    }
  }

  private mutating func append(_ literal: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  private mutating func append(decimal integer: Int64) {
    if integer < 0 { bytes.append(UInt8(ascii: "-")) }
    let magnitude = integer.magnitude
    var divisor: UInt64 = 1
    while magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(magnitude / divisor % 10))
      divisor /= 10
    }
  }

  /// RFC 8259 §7: quote, backslash and control characters are escaped, everything else means itself.
  private mutating func append(quoted string: String) {
    string.withBytes { text in
      bytes.append(UInt8(ascii: "\""))
      var offset = 0
      while true {
        let end = text.firstToEscape(from: offset)
        // Safe: the bytes are copied before the call returns.
        text.extracting(offset..<end).withUnsafeBytes { bytes.append(contentsOf: $0) }
        if end == text.byteCount { break }
        append(escaped: text.byte(at: end))
        offset = end + 1
      }
      bytes.append(UInt8(ascii: "\""))
    }
  }

  private mutating func append(escaped byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      append("u00")
      bytes.append(UInt8(ascii: "0") + byte >> 4)
      bytes.append(byte & 15 < 10 ? UInt8(ascii: "0") + byte & 15 : UInt8(ascii: "a") + (byte & 15) - 10)
    }
  }
}
