/// Puts the trap of a check behind its jump, which then leads around it.
///
/// LLVM collects traps at the end of a function, for processors that read the likely path in one piece. A jump there
/// takes six bytes where it is far, a jump around a trap two. The number of instructions stays the same, and every trap
/// keeps a place of its own, so a backtrace still names the line.
enum InPlaceTraps {
  private struct Trap {
    let statement: Int
    let location: String?
  }

  static func optimized(_ assembly: Assembly) -> [UInt8] {
    let traps = traps(in: assembly)
    var edits: [(place: Int, edit: Assembly.Edit)] = []
    var location: String?
    // A listing tells a file's name where it is first used, so a trap cannot be moved in front of that.
    var files: Set<Substring> = []
    for (index, statement) in assembly.statements.enumerated() {
      if statement.kind == .location {
        location = plain(statement.text)
        files.insert(file(statement.text))
      }
      guard statement.kind == .instruction else { continue }
      let jump = Instruction(statement.text)
      guard let opposite = jump.oppositeJump, let trap = traps[String(jump.operands[0])],
        trap.location.map({ files.contains(file($0)) }) ?? true
      else { continue }
      let name = ".LCHECKED_\(index)"
      var text = "\t\(opposite)\t\(name)\n"
      if let own = trap.location { text += "\t\(own)\n" }
      text += "\tud2\n\(name):\n"
      if let location { text += "\t\(location)\n" }
      edits.append((index, .init(bytes: statement.bytes, text: text)))
      edits.append((trap.statement, .init(bytes: assembly.statements[trap.statement].bytes, text: "")))
    }
    edits.sort { $0.place < $1.place }
    return assembly.applying(edits.map(\.edit))
  }

  /// The blocks that hold a trap and nothing else, that are reached by one jump and by no other way, by their labels.
  private static func traps(in assembly: Assembly) -> [String: Trap] {
    let references = assembly.references()
    var traps: [String: Trap] = [:]
    var location: String?
    /// The label before, when nothing runs into it and nothing stood behind it yet.
    var open: String?
    var isReachable = true
    for (index, statement) in assembly.statements.enumerated() {
      switch statement.kind {
      case .location: location = plain(statement.text)
      case .label:
        open = isReachable || references[statement.text] != 1 ? nil : statement.text
        // A second label at the same place would be reached by its own jumps.
        isReachable = true
      case .verbatim:
        open = nil
        isReachable = true
      case .instruction:
        if let label = open, statement.text == "ud2" {
          traps[label] = Trap(statement: index, location: location)
        }
        open = nil
        isReachable = !Instruction(statement.text).isTerminator
      }
    }
    return traps
  }

  /// File, line and column: not that a prologue ends there, which is so once.
  private static func plain(_ location: String) -> String {
    let fields = location.split { $0 == " " || $0 == "\t" }
    return ".loc\t" + fields.dropFirst().prefix(3).joined(separator: " ")
  }

  private static func file(_ location: String) -> Substring {
    location.split { $0 == " " || $0 == "\t" }[1]
  }
}
