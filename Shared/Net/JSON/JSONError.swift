import Bytes

/// Why and where a document was refused.
public struct JSONError: Error, Equatable, Sendable {
  /// What was wrong.
  public enum Reason: Error, Equatable, Sendable {
    /// The document stops inside a value, or holds none.
    case unexpectedEnd
    /// No value can begin here.
    case expectedValue
    /// After `{` or `,` an object wants a key in quotes.
    case expectedKey
    /// A key wants its colon.
    case expectedColon
    /// An array goes on with a comma or ends with `]`.
    case expectedCommaOrBracket
    /// An object goes on with a comma or ends with `}`.
    case expectedCommaOrBrace
    /// Something follows the value.
    case expectedEnd
    /// Not a number by RFC 8259 §6: a leading zero or plus, a digit missing.
    case malformedNumber
    /// An integer that `Int64` cannot hold.
    case integerOutOfRange
    /// A number beyond every finite `Double`.
    case numberOutOfRange
    /// A number of more bytes than `maximumNumberByteCount`.
    case numberTooLong
    /// The bytes are not UTF-8.
    case malformedUTF8
    /// A control character stands unescaped in a string.
    case controlCharacter
    /// A backslash that RFC 8259 §7 does not know.
    case malformedEscape
    /// Half a surrogate pair.
    case loneSurrogate
    /// A key occurs twice in one object.
    case duplicateKey
    /// More nested arrays and objects than `maximumDepth`.
    case tooDeep
    /// More bytes than `maximumByteCount`.
    case tooLarge

    /// In words, for a problem document's detail.
    public var description: String {
      switch self {
      case .unexpectedEnd: "the document ends too early"
      case .expectedValue: "a value was expected"
      case .expectedKey: "a key in quotes was expected"
      case .expectedColon: "a colon was expected"
      case .expectedCommaOrBracket: "a comma or ] was expected"
      case .expectedCommaOrBrace: "a comma or } was expected"
      case .expectedEnd: "nothing may follow the value"
      case .malformedNumber: "malformed number"
      case .integerOutOfRange: "the integer does not fit 64 bits"
      case .numberOutOfRange: "the number is too large"
      case .numberTooLong: "the number has too many digits"
      case .malformedUTF8: "malformed UTF-8"
      case .controlCharacter: "control characters in a string must be escaped"
      case .malformedEscape: "malformed escape sequence"
      case .loneSurrogate: "half a surrogate pair"
      case .duplicateKey: "the key occurs twice"
      case .tooDeep: "too many nested arrays and objects"
      case .tooLarge: "the document is too large"
      }
    }
  }

  /// What was wrong.
  public let reason: Reason

  /// The first byte that cannot stand where it is; for a string's contents, a number's value and a key that
  /// occurs twice, where that begins. The byte count when the document ends too early.
  public let offset: Int

  /// The line of `offset`, from 1; a line ends with LF.
  public let line: Int

  /// The Unicode scalar of `offset` in its line, from 1.
  public let column: Int

  /// For a person: what, and where.
  public var description: String {
    reason.description + " at line " + String(line) + ", column " + String(column)
  }

  init(_ reason: Reason, at offset: Int, in bytes: RawSpan) {
    self.reason = reason
    self.offset = offset
    var line = 1
    var column = 1
    for index in 0..<min(offset, bytes.byteCount) {
      let byte = bytes.byte(at: index)
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.line = line
    self.column = column
  }
}
