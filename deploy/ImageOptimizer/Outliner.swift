// LLVM's lib/CodeGen/MachineOutliner.cpp before changing this file.

/// Makes one function of a sequence that stands in several functions and ends in a call, or leaves the function.
///
/// LLVM's own outliner moves no call and nothing that touches the stack on x86-64, so not what stands there most often:
/// a call with the same arguments (retaining what is in %rbx), and the end of a function, with its registers restored.
/// - What ends in a call becomes `callq OUTLINED_CALL_r_n`, and the function ends in a jump to the one that was called,
///   which so returns to where it always did: a backtrace shows nothing of it.
/// - What leaves the function becomes `jmp OUTLINED_EXIT_r_n`. The stack is as it was, so anything may be in it but a call:
///   a backtrace needs the return address to be in the function.
struct Outliner {
  /// Instructions, so that a listing without repetitions costs no more than its size.
  static let longestSequence = 24
  /// What a jump or a call to the new function takes.
  private static let replacementByteCount = 5

  /// A sequence, by its last instruction and the sequence before that one: its node in a tree of reversed sequences.
  private struct Sequence {
    let byteCount: Int
    let length: Int
    /// Where it ends: indices of statements.
    var sites: [Int] = []

    func gain(_ siteCount: Int) -> Int {
      siteCount * (byteCount - Outliner.replacementByteCount) - byteCount
    }
  }

  /// The least that a function must save.
  let leastGain: Int
  /// Makes the functions' names different from those of another round.
  var round = 1

  func optimized(_ assembly: Assembly) -> [UInt8] {
    let chosen = choice(of: sequences(in: assembly))
    var functions = ""
    var edits: [(site: Int, edits: [Assembly.Edit])] = []
    for (number, (length, sites)) in chosen.enumerated() {
      let isCall = Instruction(assembly.statements[sites[0]].text).isCall
      let name = isCall ? "OUTLINED_CALL_\(round)_\(number)" : "OUTLINED_EXIT_\(round)_\(number)"
      let body = Self.instructions(assembly, endingAt: sites[0], count: length)
      functions += Self.function(name, body.map { assembly.statements[$0].text }, isCall: isCall)
      for site in sites {
        let lines = Self.instructions(assembly, endingAt: site, count: length)
        edits.append(
          (
            site,
            lines.map {
              .init(
                bytes: assembly.statements[$0].bytes,
                text: $0 == site ? "\t\(isCall ? "callq" : "jmp")\t\(name)\n" : "")
            }
          ))
      }
    }
    edits.sort { $0.site < $1.site }
    return assembly.applying(edits.flatMap(\.edits), functions: functions)
  }

  private static func function(_ name: String, _ body: [String], isCall: Bool) -> String {
    var text = "\t.section\t.text.\(name),\"ax\",@progbits\n\t.type\t\(name),@function\n\(name):\n"
    for (index, instruction) in body.enumerated() {
      let isLast = index == body.count - 1
      text += "\t\(isLast && isCall ? "jmp" + instruction.dropFirst("callq".count) : instruction)\n"
    }
    return text + "\t.size\t\(name), .-\(name)\n"
  }

  /// The statements of the last `count` instructions up to `end`, in their order.
  private static func instructions(_ assembly: Assembly, endingAt end: Int, count: Int) -> [Int] {
    var found: [Int] = []
    var index = end
    while found.count < count {
      if assembly.statements[index].kind == .instruction { found.append(index) }
      index -= 1
    }
    return found.reversed()
  }

  /// Every sequence that could be moved, in the order in which they first end.
  private func sequences(in assembly: Assembly) -> [Sequence] {
    struct Step: Hashable {
      let after: Int
      let instruction: String
    }
    var sequences: [Sequence] = []
    var nodes: [Step: Int] = [:]
    let statements = assembly.statements
    for (site, statement) in statements.enumerated() where statement.kind == .instruction {
      let last = Instruction(statement.text)
      guard last.isExit || last.isCall && !last.usesStackPointer else { continue }
      var node = -1
      var byteCount = 0
      var length = 0
      var index = site
      walk: while length < Self.longestSequence, index >= 0 {
        let statement = statements[index]
        switch statement.kind {
        case .location: break
        case .label, .verbatim: break walk
        case .instruction:
          let instruction = Instruction(statement.text)
          if index < site {
            guard !Self.isBarrier(instruction), last.isExit || !instruction.usesStackPointer else {
              break walk
            }
          }
          byteCount += instruction.estimatedByteCount
          length += 1
          let step = Step(after: node, instruction: statement.text)
          if let known = nodes[step] {
            node = known
          } else {
            node = sequences.count
            nodes[step] = node
            sequences.append(Sequence(byteCount: byteCount, length: length))
          }
          sequences[node].sites.append(site)
        }
        index -= 1
      }
    }
    return sequences
  }

  private static func isBarrier(_ instruction: Instruction) -> Bool {
    instruction.isCall || instruction.isJump || instruction.isTerminator
      || ["lock", "rep", "cli", "sti", "hlt"].contains(instruction.mnemonic)
  }

  /// The sequences that save most, each place used once. What has been promised more since is weighed again.
  private func choice(of sequences: [Sequence]) -> [(length: Int, sites: [Int])] {
    var byGain: [[Int]] = []
    func file(_ node: Int, _ gain: Int) {
      guard gain >= max(leastGain, 1) else { return }
      while byGain.count <= gain { byGain.append([]) }
      byGain[gain].append(node)
    }
    for (node, sequence) in sequences.enumerated() { file(node, sequence.gain(sequence.sites.count)) }
    var taken: Set<Int> = []
    var chosen: [(length: Int, sites: [Int])] = []
    while let nodes = byGain.popLast() {
      let gain = byGain.count
      // A place further down is filed with what it is worth by now; behind this gain there is nothing left.
      for node in nodes {
        let sites = sequences[node].sites.filter { !taken.contains($0) }
        let actual = sequences[node].gain(sites.count)
        if actual < gain {
          file(node, actual)
        } else {
          taken.formUnion(sites)
          chosen.append((sequences[node].length, sites))
        }
      }
    }
    return chosen
  }
}
