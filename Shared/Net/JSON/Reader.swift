/// Reads one document by recursive descent over its bytes. `offset` is the next byte to look at.
struct Reader: ~Escapable {
  let bytes: RawSpan
  let limits: JSONLimits
  var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  /// JSON-text = ws value ws (RFC 8259 §2).
  mutating func document() throws(JSONError) -> JSON {
    // On the way up an error is its reason alone, which fits a register; `offset` says where.
    do throws(JSONError.Reason) {
      return try onlyValue()
    } catch {
      throw JSONError(error, at: offset, in: bytes)
    }
  }

  private mutating func onlyValue() throws(JSONError.Reason) -> JSON {
    guard bytes.byteCount <= limits.maximumByteCount else { throw .tooLarge }
    skipWhiteSpace()
    let value = try value(depth: 0)
    skipWhiteSpace()
    guard offset == bytes.byteCount else { throw .expectedEnd }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError.Reason) -> JSON {
    guard let byte = peek() else { throw .unexpectedEnd }
    switch byte {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: throw .expectedValue
    }
  }

  private mutating func array(depth: Int) throws(JSONError.Reason) -> [JSON] {
    guard depth <= limits.maximumDepth else { throw .tooDeep }
    offset += 1
    var elements: [JSON] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(depth: depth))
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) {
        skipWhiteSpace()
      } else if take(UInt8(ascii: "]")) {
        return elements
      } else {
        throw unexpected(.expectedCommaOrBracket)
      }
    }
  }

  private mutating func object(depth: Int) throws(JSONError.Reason) -> JSONObject {
    guard depth <= limits.maximumDepth else { throw .tooDeep }
    offset += 1
    var members: [(key: String, value: JSON)] = []
    var keyOffsets: [Int] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "}")) { return JSONObject(unique: members) }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw unexpected(.expectedKey) }
      keyOffsets.append(offset)
      let key = try string()
      skipWhiteSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected(.expectedColon) }
      skipWhiteSpace()
      members.append((key, try value(depth: depth)))
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) {
        skipWhiteSpace()
      } else if take(UInt8(ascii: "}")) {
        break
      } else {
        throw unexpected(.expectedCommaOrBrace)
      }
    }
    if let repeated = JSONObject.repeatedKey(members) {
      throw error(.duplicateKey, at: keyOffsets[repeated])
    }
    return JSONObject(unique: members)
  }

  private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError.Reason) -> JSON {
    for index in 0..<text.utf8CodeUnitCount {
      guard let byte = peek() else { throw .unexpectedEnd }
      guard byte == text.utf8Start[index] else { throw .expectedValue }
      offset += 1
    }
    return value
  }
}

// Steps over single bytes.
extension Reader {
  /// The next byte, or nil at the end.
  @inline(__always)
  func peek() -> UInt8? {
    offset < bytes.byteCount ? bytes.byte(at: offset) : nil
  }

  /// Steps over the next byte if it is `byte`.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard offset < bytes.byteCount, bytes.byte(at: offset) == byte else { return false }
    offset += 1
    return true
  }

  /// ws = *( space, tab, LF, CR ).
  @inline(__always)
  mutating func skipWhiteSpace() {
    while offset < bytes.byteCount {
      switch bytes.byte(at: offset) {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  /// An error here, or that the document ends here.
  func unexpected(_ reason: JSONError.Reason) -> JSONError.Reason {
    offset == bytes.byteCount ? .unexpectedEnd : reason
  }

  /// An error somewhere else.
  mutating func error(_ reason: JSONError.Reason, at offset: Int) -> JSONError.Reason {
    self.offset = offset
    return reason
  }
}

extension RawSpan {
  /// The byte at `offset`; traps beyond the end.
  @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    // Bounds-checked, and every bit pattern is a byte.
    unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
