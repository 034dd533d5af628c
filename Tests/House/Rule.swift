/// Something that every source file keeps.
struct Rule: Sendable {
  /// What whoever broke it should do.
  let advice: String
  /// Files that it is about.
  let applies: @Sendable (SourceFile) -> Bool
  /// The lines (counted from 1) that break it.
  let violations: @Sendable (SourceFile) -> [Int]

  /// `path:line: what is there. What to do.` for each violation.
  func reports(_ files: [SourceFile]) -> [String] {
    files.filter(applies).flatMap { file in
      violations(file).map { line in
        let text = line <= file.lines.count ? file.lines[line - 1].trimmingPrefix { $0 == " " } : ""
        return "\(file.path):\(line): \(text.prefix(80))\n  \(advice)"
      }
    }
  }

  /// A rule against lines of code that hold one of `words` and match the pattern.
  static func noCode(
    _ words: [String], _ advice: String, in applies: @escaping @Sendable (SourceFile) -> Bool,
    _ matches: @escaping @Sendable (String) -> Bool
  ) -> Rule {
    Rule(advice: advice, applies: applies) { file in
      file.lineIndices(containing: words).filter { matches(file.code[$0]) }.map { $0 + 1 }
    }
  }
}

extension Rule {
  static let spawn = noCode(
    ["Task", "MainActor", "async"],
    "Start tasks with loop.spawn and wait with loop.sleep: this would run on other threads than the loop's.",
    in: { $0.isIn("Shared", "Services", "deploy") && !$0.isIn("Shared/Runtime/Machine") }
  ) {
    $0.contains(
      /\b(Task\s*(\.detached|\.immediate|\.sleep|[{(<])|MainActor\b|async\s+let\b|with\w*TaskGroup\b)/
        .wordBoundaryKind(.simple))
  }

  static let foundation = noCode(
    ["Foundation"],
    "An image has no Foundation: use Bytes, Platform and the standard library, or move this to deploy/.",
    in: { !$0.isIn("deploy", "Tests", "Benchmarks") }
  ) { $0.contains(/\bimport\s+(\w+\s+)?Foundation/.wordBoundaryKind(.simple)) }

  static let machine = noCode(
    ["Machine"],
    "Only a service's Main.swift chooses a machine: take what you need as a parameter, by its Platform type.",
    in: {
      // `Shared/Souk` is the Main of whoever has only a function.
      $0.isIn("Services", "Shared") && !$0.path.hasSuffix("/Main/Main.swift") && !$0.isIn("Shared/Souk")
    }
  ) { $0.contains(/\bimport\s+(\w+\s+)?Machine\b/.wordBoundaryKind(.simple)) }

  static let conditions = noCode(
    ["#"], "What varies from machine to machine lives in Shared/Runtime/Machine, behind a Platform protocol.",
    in: { $0.isIn("Shared", "Services", "Tests") && !$0.isIn("Shared/Runtime/Machine") }
  ) { $0.contains(/^\s*#(if|elseif)\b/.wordBoundaryKind(.simple)) }

  static let spans = noCode(
    ["utf8Span", "utf8.span"],
    "Lend a String's bytes with withBytes: the span of a short one outlived its bytes in optimised images (Swift 6.3.1).",
    in: { $0.isIn("Shared", "Services", "Examples") }
  ) { $0.contains("utf8Span") || $0.contains("utf8.span") }

  static let maximumLineCount = 420

  static let length = Rule(
    advice: "More than \(maximumLineCount) lines: split the file by idea, such as Connection+Receive.swift.",
    applies: { _ in true }, violations: { $0.lines.count > maximumLineCount ? [$0.lines.count] : [] })

  static let sleeps = noCode(
    ["sleep"], "A test that sleeps is slow or flaky: wait for the event itself, or move a manual clock.",
    in: { $0.isIn("Tests") }
  ) {
    $0.contains(
      /(^|[^\w.])(u|nano|clock_nano)?sleep\s*\(|\b(Thread|Task)\s*\.sleep\b/.wordBoundaryKind(.simple))
  }

  static let seeds = noCode(
    ["random", "shuffle"], "A failure must come again: use a generator with a seed, and print the seed.",
    in: { $0.isIn("Tests") }
  ) {
    $0.contains(
      /\.(random\(in:(?!.*using:)|random\(\)|shuffled?\(\)|randomElement\(\))/.wordBoundaryKind(.simple))
      || $0.contains("SystemRandomNumberGenerator")
  }

  static let reasons = Rule(
    advice: "Say on this line or in the two above why it is safe.", applies: { _ in true },
    violations: { file in
      file.lineIndices(containing: ["unsafe", "@unchecked"]).filter { index in
        // A word that begins with it, an underscore before it, or an attribute's argument.
        file.code[index].contains(/(\b_?unsafe(?!Flags))|@unchecked\b/.wordBoundaryKind(.simple))
          && !file.hasComment[max(0, index - 2)...index].contains(true)
      }.map { $0 + 1 }
    })

  static let printing = noCode(
    ["print", "dump", "NSLog"], "Say it with the Logger: one line, escaped, with a level.",
    in: { $0.isIn("Shared", "Services") }
  ) { $0.contains(/(^|[^\w.])(print|debugPrint|dump|NSLog)\s*\(/.wordBoundaryKind(.simple)) }

  static let sentences = Rule(
    advice: "A test's name is a sentence in backticks: @Test func `a cart of 100 lines refuses one more`().",
    applies: { $0.isIn("Tests") },
    violations: { file in
      let marked = Set(file.lineIndices(containing: ["@Test"]))
      var isTest = false
      return file.code.indices.filter { index in
        let line = file.code[index]
        isTest = isTest || marked.contains(index)
        guard isTest, let name = line.firstMatch(of: /\bfunc\s+(\S)/) else { return false }
        isTest = false
        return name.1 != "`"
      }.map { $0 + 1 }
    })
}
