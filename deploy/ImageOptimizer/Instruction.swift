// Intel's manual, volume 2, chapters 2 and 3 before changing this file.

/// An instruction as AT&T syntax writes it, `movq 8(%rax), %rdi`.
struct Instruction {
  let mnemonic: Substring
  let operands: [Substring]

  init(_ text: String) {
    let parts = text.split(maxSplits: 1) { $0 == "\t" || $0 == " " }
    mnemonic = parts.first ?? ""
    operands = parts.count > 1 ? Self.operands(parts[1]) : []
  }

  /// Commas within parentheses are of an address.
  private static func operands(_ text: Substring) -> [Substring] {
    var operands: [Substring] = []
    var depth = 0
    var start = text.utf8.startIndex
    for index in text.utf8.indices {
      switch text.utf8[index] {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        operands.append(text[start..<index])
        start = text.utf8.index(after: index)
      default: break
      }
    }
    operands.append(text[start...])
    return operands.map { $0.drop { $0 == " " || $0 == "\t" } }
  }

  var isCall: Bool { mnemonic == "callq" }

  /// What does not come back to this function: a return, or a jump out of it.
  var isExit: Bool {
    switch mnemonic {
    case "retq": true
    case "jmp", "jmpq": !operands[0].contains(".L")
    default: false
    }
  }

  /// Nothing runs into what stands behind it.
  var isTerminator: Bool { ["retq", "jmp", "jmpq", "ud2"].contains(mnemonic) }

  var isJump: Bool { mnemonic.first == "j" }

  /// Counts on where the stack ends.
  var usesStackPointer: Bool {
    ["pushq", "popq", "pushfq", "popfq", "leave", "leaveq", "iretq"].contains(mnemonic)
      || operands.contains { $0.contains("%rsp") || $0.contains("%esp") }
  }

  /// The opposite of a conditional jump's condition; nil for what is none.
  var oppositeJump: String? {
    let pairs = [
      ("jo", "jno"), ("jb", "jae"), ("je", "jne"), ("jbe", "ja"), ("js", "jns"), ("jp", "jnp"), ("jl", "jge"),
      ("jle", "jg"),
    ]
    for (one, other) in pairs {
      if mnemonic == one { return other }
      if mnemonic == other { return one }
    }
    return nil
  }
}

/// How long an instruction is, about: what repeats is weighed by it, nothing else depends on it.
extension Instruction {
  var estimatedByteCount: Int {
    switch mnemonic {
    case "pushq", "popq": return 1 + extended
    case "retq": return 1
    case "callq" where operands[0].first != "*", "jmp" where operands[0].first != "*": return 5
    case "movabsq": return 10
    default: break
    }
    if isJump, operands.first?.first != "*" { return 4 }
    let isWide = mnemonic.last == "q" && !isCall && !isJump || extended > 0
    return (isWide ? 1 : 0) + opcode + addresses + immediates
  }

  /// A prefix for the registers that came with 64 bits.
  private var extended: Int {
    operands.contains { $0.contains("%r8") || $0.contains("%r9") || $0.contains("%r1") } ? 1 : 0
  }

  private var opcode: Int {
    let long = [
      "movz", "movs", "cmov", "set", "imul", "bt", "movup", "movap", "xorps", "bsr", "bsf", "bswap",
    ]
    if mnemonic.hasPrefix("movdq") || mnemonic.hasPrefix("p") { return 3 }
    if long.contains(where: mnemonic.hasPrefix) { return 2 }
    return mnemonic.last == "w" ? 2 : 1
  }

  /// The byte that names two operands, and what an address needs besides.
  private var addresses: Int {
    guard let address = operands.first(where: { $0.contains("(") || $0.contains(":") }) else {
      let isShort = mnemonic.hasPrefix("mov") && operands.first?.first == "$" && mnemonic.last != "q"
      return isShort ? 0 : 1
    }
    let displacement = address.prefix { $0 != "(" }.drop { $0 == "*" }
    let hasIndex = address.contains(",") || address.contains("(%rsp") || address.contains("(%r12")
    let width: Int
    switch Int(displacement) {
    case .some(-128...127): width = 1
    case .none where displacement.isEmpty:
      width = address.contains("(%rbp") || address.contains("(%r13") ? 1 : 0
    default: width = 4
    }
    return 1 + (hasIndex ? 1 : 0) + width
  }

  private var immediates: Int {
    guard let immediate = operands.first, immediate.first == "$" else { return 0 }
    switch mnemonic.last {
    case "b": return 1
    case "w": return 2
    default: break
    }
    if !mnemonic.hasPrefix("mov"), let value = Int(immediate.dropFirst()), (-128...127).contains(value) {
      return 1
    }
    return 4
  }
}
