import Bytes

// RFC 3986 §3.2.2 and §3.2.3, RFC 9110 §4.2 before changing this file.

/// Reads `uri-host [":" port]` byte by byte: in a Host field, an absolute-form or an authority-form target.
///
/// User information is refused (RFC 9110 §4.2.4), so are `IPvFuture` literals (no address has that form), IPv6
/// zones, and ports above 65535. A port may be empty, as the grammar has it.
struct Authority {
  private enum State: UInt8 { case start, name, percent, percentDigit, literal, afterLiteral, port }

  private var state = State.start
  private var literalStart = 0
  private var port: UInt32 = 0

  /// Whether nothing was read yet.
  var isEmpty: Bool { state == .start }

  /// Whether a non-empty authority may end here.
  var isComplete: Bool { state == .name || state == .afterLiteral || state == .port }

  /// Whether a port, possibly empty, was given.
  var hasPort: Bool { state == .port }

  /// Reads on from `index` up to the first byte that cannot stand there, or to `end`, and returns where it
  /// stopped.
  mutating func scan(_ input: RawSpan, from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
      let byte = input.byte(index)
      switch state {
      case .start where byte == ASCII.openBracket:
        state = .literal
        literalStart = index + 1
      case .start, .name:
        if ByteClass.contains(byte, ByteClass.name) {
          state = .name
          index = input.run(of: ByteClass.name, from: index, to: end)
          continue
        } else if byte == ASCII.percent {
          state = .percent
        } else if byte == ASCII.colon && state == .name {
          state = .port
        } else {
          return index
        }
      case .percent, .percentDigit:
        guard ByteClass.contains(byte, ByteClass.hexadecimal) else { return index }
        state = state == .percent ? .percentDigit : .name
      case .literal:
        if byte == ASCII.closeBracket {
          guard isIPv6(input, literalStart..<index) else { return index }
          state = .afterLiteral
        } else {
          let isPart =
            ByteClass.contains(byte, ByteClass.hexadecimal) || byte == ASCII.colon || byte == ASCII.dot
          // The longest address has 45 characters.
          guard isPart, index - literalStart < 45 else { return index }
        }
      case .afterLiteral:
        guard byte == ASCII.colon else { return index }
        state = .port
      case .port:
        var number = port
        while index < end {
          let digit = input.byte(index) &- ASCII.zero
          guard digit < 10 else { break }
          let sum = number &* 10 &+ UInt32(digit)
          guard sum <= 65535 else { break }
          number = sum
          index &+= 1
        }
        port = number
        return index
      }
      index += 1
    }
    return index
  }
}

/// Whether `range` is an IPv6 address (RFC 3986 §3.2.2): eight groups, one run of them may be `::`, the last
/// two may be an IPv4 address.
func isIPv6(_ input: RawSpan, _ range: Range<Int>) -> Bool {
  var (groups, digits) = (0, 0)
  var (hasGap, isAfterColon) = (false, false)
  var groupStart = range.lowerBound
  var index = range.lowerBound
  while index < range.upperBound {
    let byte = input.byte(index)
    if byte == ASCII.colon {
      if digits > 0 {
        groups += 1
        (digits, isAfterColon) = (0, true)
      } else if isAfterColon || (index == range.lowerBound && index + 1 < range.upperBound) {
        if index == range.lowerBound {
          guard input.byte(index + 1) == ASCII.colon else { return false }
          index += 1
        }
        guard !hasGap else { return false }
        hasGap = true
        isAfterColon = false
      } else {
        return false
      }
      groupStart = index + 1
    } else if byte == ASCII.dot {
      guard digits > 0, isIPv4(input, groupStart..<range.upperBound) else { return false }
      groups += 2
      return hasGap ? groups < 8 : groups == 8
    } else {
      digits += 1
      isAfterColon = false
      guard digits <= 4, ByteClass.contains(byte, ByteClass.hexadecimal) else { return false }
    }
    index += 1
  }
  if digits > 0 { groups += 1 } else if isAfterColon { return false }
  // `::` stands for at least one group.
  return hasGap ? groups < 8 : groups == 8
}

/// Whether `range` is an IPv4 address: four numbers up to 255 without leading zeros.
func isIPv4(_ input: RawSpan, _ range: Range<Int>) -> Bool {
  var (parts, digits, number) = (1, 0, 0)
  for index in range {
    let byte = input.byte(index)
    if byte == ASCII.dot {
      guard digits > 0, parts < 4 else { return false }
      parts += 1
      (digits, number) = (0, 0)
    } else {
      guard ByteClass.contains(byte, ByteClass.digit), digits == 0 || number > 0 else { return false }
      digits += 1
      number = number * 10 + Int(byte - ASCII.zero)
      guard number <= 255 else { return false }
    }
  }
  return parts == 4 && digits > 0
}
