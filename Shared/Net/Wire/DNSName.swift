// RFC 1035 §2.3.4, §3.1 and §4.1.4, RFC 4343 before changing this file.

import Bytes

/// A validated name within a DNS message, possibly compressed.
public struct DNSName: ~Escapable {
  /// Bytes of a label, at most.
  public static let maximumLabelByteCount = 63
  /// Bytes of a name, at most, with the length before each label and the root's.
  public static let maximumByteCount = 255
  /// Pointers followed in one name, at most. Writers need one per suffix.
  public static let maximumPointerCount = 32

  private let message: RawSpan
  private let start: Int

  /// A name at `start` of a message where `end(in:from:)` found one.
  @_lifetime(copy message)
  init(_ message: RawSpan, at start: Int) {
    self.message = message
    self.start = start
  }

  /// Checks the name at `start` and returns what is behind it. A pointer must lead before the place it was
  /// reached from, so that a name ends: `badName` otherwise, and beyond a limit.
  static func end(in message: RawSpan, from start: Int) throws(WireError) -> Int {
    var offset = start
    var end = -1
    var floor = start
    var byteCount = 0
    var pointerCount = 0
    while true {
      guard offset < message.byteCount else { throw .truncated }
      let length = Int(message.byte(at: offset))
      switch length >> 6 {
      case 0:
        byteCount += 1 + length
        guard byteCount <= maximumByteCount else { throw .badName }
        offset += 1 + length
        if length == 0 { return end < 0 ? offset : end }
      case 3:
        guard offset + 2 <= message.byteCount else { throw .truncated }
        let target = Int(message.bigEndian16(at: offset) & 0x3fff)
        if end < 0 { end = offset + 2 }
        pointerCount += 1
        guard target >= DNSMessage.headerByteCount, target < floor, pointerCount <= maximumPointerCount
        else { throw .badName }
        floor = target
        offset = target
      default: throw .badName
      }
    }
  }

  /// Gives each label to `body`, the leftmost first, until it returns false.
  private func forEachLabel(_ body: (RawSpan) -> Bool) {
    var offset = start
    while true {
      let length = Int(message.byte(at: offset))
      if length == 0 { return }
      if length >> 6 == 3 {
        offset = Int(message.bigEndian16(at: offset) & 0x3fff)
        continue
      }
      guard body(message.extracting(offset + 1..<offset + 1 + length)) else { return }
      offset += 1 + length
    }
  }

  /// Whether it is the same name as `text`, `www.example.com` or `www.example.com.`, in either case
  /// (RFC 4343).
  public func matches(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    if rest.last == UInt8(ascii: ".") { rest = rest.dropLast() }
    var isSame = true
    forEachLabel { label in
      isSame = label.byteCount > 0 && rest.count >= label.byteCount
      for index in 0..<label.byteCount where isSame {
        isSame = Self.lowered(rest.removeFirst()) == Self.lowered(label.byte(at: index))
      }
      if isSame, let next = rest.first {
        // Only one dot at the end, which is gone already.
        isSame = next == UInt8(ascii: ".") && rest.count > 1
        rest.removeFirst()
      }
      return isSame
    }
    return isSame && rest.isEmpty
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// The name in lower case without the last dot, `.` for the root. What is no letter, digit, `-` or `_` is
  /// written `\DDD` (RFC 1035 §5.1), so that no name can pass for another.
  public var text: String {
    var bytes: [UInt8] = []
    forEachLabel { label in
      if !bytes.isEmpty { bytes.append(UInt8(ascii: ".")) }
      for index in 0..<label.byteCount {
        let byte = Self.lowered(label.byte(at: index))
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          bytes.append(byte)
        default:
          bytes.append(UInt8(ascii: "\\"))
          for digit in [byte / 100, byte / 10 % 10, byte % 10] { bytes.append(UInt8(ascii: "0") + digit) }
        }
      }
      return true
    }
    return bytes.isEmpty ? "." : String(utf8: bytes)
  }

  /// Whether `text` can be written as a name: labels of 1...63 bytes, 255 together; a dot at the end is
  /// allowed, and nothing is escaped.
  public static func isWritable(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    if rest.last == UInt8(ascii: ".") { rest = rest.dropLast() }
    if rest.isEmpty { return text.utf8.count == 1 }
    guard rest.count + 2 <= maximumByteCount else { return false }
    var label = 0
    for unit in rest {
      if unit == UInt8(ascii: ".") {
        if label == 0 { return false }
        label = 0
      } else {
        label += 1
        if label > maximumLabelByteCount { return false }
      }
    }
    return label > 0
  }

  /// Appends a name, not compressed. Throws `badName` before anything is written; traps without room.
  @_lifetime(output: copy output)
  static func write(_ text: String, into output: inout OutputRawSpan) throws(WireError) {
    guard isWritable(text) else { throw .badName }
    for label in Array(text.utf8).split(separator: UInt8(ascii: ".")) {
      output.append(UInt8(label.count))
      for unit in label { output.append(unit) }
    }
    output.append(0)
  }
}
