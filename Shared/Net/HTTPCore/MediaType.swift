import Bytes

// RFC 9110 §8.3.1 and §5.6.6 before changing this file.

/// A media type: `type/subtype; name=value`. Type, subtype and parameter names are in lower case.
public struct MediaType: Equatable, Sendable {
  /// The part before the slash.
  public let type: String
  /// The part after the slash.
  public let subtype: String
  /// The parameters in order, values without their quotes.
  public let parameters: [Parameter]

  /// One parameter.
  public struct Parameter: Equatable, Sendable {
    /// The name in lower case.
    public let name: String
    /// The value, unquoted.
    public let value: String
  }

  /// Reads a Content-Type; nil when it is malformed.
  public init?(_ value: String) {
    guard let parsed = value.withBytes({ MediaType.parse($0) }) else { return nil }
    self = parsed
  }

  /// Type and subtype without parameters.
  public var essence: String { type + "/" + subtype }

  /// The first parameter with this name (lower case).
  public func parameter(_ name: String) -> String? {
    for parameter in parameters where parameter.name == name { return parameter.value }
    return nil
  }

  /// Whether `value` is well-formed and names `essence` (lower case, without parameters); parameters do not
  /// matter, except that a charset other than UTF-8 does not match.
  public static func matches(_ value: String, _ essence: String) -> Bool {
    guard let parsed = MediaType(value), parsed.essence == essence else { return false }
    guard let charset = parsed.parameter("charset") else { return true }
    return charset.asciiLowercased == "utf-8" || charset.asciiLowercased == "us-ascii"
  }

  private static func parse(_ input: RawSpan) -> MediaType? {
    let all = input.trimmed(0..<input.byteCount)
    var index = all.lowerBound
    let end = all.upperBound
    guard let type = token(input, &index, end), index < end, input.byte(index) == ASCII.slash else {
      return nil
    }
    index += 1
    guard let subtype = token(input, &index, end) else { return nil }
    var parameters: [Parameter] = []
    while true {
      skipSpace(input, &index, end)
      guard index < end else { break }
      guard input.byte(index) == ASCII.semicolon else { return nil }
      index += 1
      skipSpace(input, &index, end)
      // An empty parameter is allowed (§5.6.6).
      if index == end || input.byte(index) == ASCII.semicolon { continue }
      guard let name = token(input, &index, end), index < end, input.byte(index) == ASCII.equals else {
        return nil
      }
      index += 1
      guard index < end else { return nil }
      let value =
        input.byte(index) == ASCII.quote ? quoted(input, &index, end) : exactToken(input, &index, end)
      guard let value else { return nil }
      parameters.append(Parameter(name: name, value: value))
    }
    return MediaType(type: type, subtype: subtype, parameters: parameters)
  }

  private init(type: String, subtype: String, parameters: [Parameter]) {
    self.type = type
    self.subtype = subtype
    self.parameters = parameters
  }

  private static func skipSpace(_ input: RawSpan, _ index: inout Int, _ end: Int) {
    while index < end, input.byte(index) == ASCII.space || input.byte(index) == ASCII.tab { index += 1 }
  }

  private static func exactToken(_ input: RawSpan, _ index: inout Int, _ end: Int) -> String? {
    let start = index
    index = input.run(of: ByteClass.token, from: index, to: end)
    return index > start ? input.string(start..<index) : nil
  }

  private static func token(_ input: RawSpan, _ index: inout Int, _ end: Int) -> String? {
    exactToken(input, &index, end)?.asciiLowercased
  }

  /// A quoted string, from its first quote on.
  private static func quoted(_ input: RawSpan, _ index: inout Int, _ end: Int) -> String? {
    var bytes: [UInt8] = []
    index += 1
    while index < end {
      var byte = input.byte(index)
      index += 1
      if byte == ASCII.quote { return String(utf8: bytes) }
      if byte == ASCII.backslash {
        guard index < end else { return nil }
        byte = input.byte(index)
        index += 1
      }
      guard ByteClass.contains(byte, ByteClass.fieldValue) else { return nil }
      bytes.append(byte)
    }
    return nil
  }
}
