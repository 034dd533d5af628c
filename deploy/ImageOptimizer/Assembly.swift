// GNU as's syntax for x86-64 (AT&T), as LLVM prints it, before changing this file.

/// What link-time optimisation makes of an image: a listing in assembly, a statement a line.
///
/// Lines that are of no interest (data, debugging information, comments) are not in `statements`. They stay as they are.
struct Assembly {
  /// A line of the listing that code may be changed at.
  struct Statement {
    enum Kind {
      case instruction
      /// What a jump may lead to: the name of a function or of a block in one. No label of debugging information.
      case label
      /// A change of the line in the sources that the following instructions belong to.
      case location
      /// Code by hand, which stays as it is and where it is.
      case verbatim
    }

    let kind: Kind
    /// Without indentation, comment and, for a label, colon.
    let text: String
    /// The line's place in the listing, its newline with it.
    let bytes: Range<Int>
  }

  /// A line of the listing, and what stands there instead.
  struct Edit {
    let bytes: Range<Int>
    let text: String
  }

  let listing: [UInt8]
  let statements: [Statement]

  init(_ listing: [UInt8]) {
    var statements: [Statement] = []
    var start = 0
    var isVerbatim = false
    while start < listing.count {
      let end = listing[start...].firstIndex(of: UInt8(ascii: "\n")) ?? listing.count
      let line = listing[start..<end]
      if line.starts(with: "\t#APP".utf8) {
        isVerbatim = true
      } else if line.starts(with: "\t#NO_APP".utf8) {
        isVerbatim = false
      } else if let kind = Self.kind(of: line, isVerbatim: isVerbatim) {
        statements.append(
          Statement(
            kind: isVerbatim && kind != .label ? .verbatim : kind, text: Self.text(of: line, kind),
            bytes: start..<min(end + 1, listing.count)))
      }
      start = end + 1
    }
    self.listing = listing
    self.statements = statements
  }

  private static func kind(of line: ArraySlice<UInt8>, isVerbatim: Bool) -> Statement.Kind? {
    guard let first = line.first else { return nil }
    guard first == UInt8(ascii: "\t") else {
      if first == UInt8(ascii: " ") || first == UInt8(ascii: "#") || line.starts(with: ".Lfunc_".utf8) {
        return nil
      }
      // A goto to an address leads to what is otherwise a label of debugging information.
      let isOfDebugging =
        line.starts(with: ".Ltmp".utf8)
        && !String(decoding: line, as: UTF8.self).contains("Block address taken")
      return isOfDebugging ? nil : .label
    }
    switch line.dropFirst().first {
    case .some(UInt8(ascii: "a")...UInt8(ascii: "z")): return .instruction
    // By hand, an instruction may be written as its bytes.
    case UInt8(ascii: "."): return isVerbatim || line.starts(with: "\t.loc\t".utf8) ? .location : nil
    default: return nil
    }
  }

  private static func text(of line: ArraySlice<UInt8>, _ kind: Statement.Kind) -> String {
    if kind == .label { return String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self) }
    var isQuoted = false
    var isEscaped = false
    let statement = line.dropFirst().prefix {
      if $0 == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
      isEscaped = $0 == UInt8(ascii: "\\") && !isEscaped
      return isQuoted || $0 != UInt8(ascii: "#")
    }
    let end =
      statement.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") } ?? statement.startIndex
    return String(decoding: statement[...end], as: UTF8.self)
  }

  /// The listing with `edits`, which are in the order of their lines, and `functions` behind it.
  func applying(_ edits: [Edit], functions: String = "") -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(listing.count + functions.utf8.count)
    var position = 0
    for edit in edits {
      precondition(edit.bytes.lowerBound >= position, "an edit before its predecessor")
      result += listing[position..<edit.bytes.lowerBound]
      result += edit.text.utf8
      position = edit.bytes.upperBound
    }
    result += listing[position...]
    result += functions.utf8
    return result
  }

  /// How often a line other than its own names each local label of code.
  func references() -> [String: Int] {
    let prefix = Array(".LBB".utf8)
    var counts: [String: Int] = [:]
    var position = 0
    while let dot = listing[position...].firstIndex(of: prefix[0]) {
      position = dot + 1
      guard dot > 0, listing[dot - 1] != UInt8(ascii: "\n"), listing[dot...].starts(with: prefix) else {
        continue
      }
      let name = listing[dot...].prefix {
        switch $0 {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
      counts[String(decoding: name, as: UTF8.self), default: 0] += 1
    }
    return counts
  }
}
