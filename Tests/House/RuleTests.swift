import Testing

/// A rule that never fires keeps nothing: each one on code that breaks it, and on code that only looks so.
@Suite struct RuleTests {
  private func lines(_ rule: Rule, _ path: String, _ text: String) -> [Int] {
    let file = SourceFile(path: path, text: text)
    return rule.applies(file) ? rule.violations(file) : []
  }

  @Test(arguments: [
    "Task { }", "Task(priority: .high) { }", "Task<Void, Never> { }", "_ = Task.detached { }",
    "try await Task.sleep(for: .seconds(1))", "@MainActor func a() {}", "async let a = b()",
    "await withTaskGroup(of: Int.self) { _ in }", "await withThrowingTaskGroup(of: Int.self) { _ in }",
    "await withDiscardingTaskGroup { _ in }",
  ]) func `code that escapes the loop is found`(code: String) {
    #expect(lines(.spawn, "Services/Cart/Service/Cart.swift", "\n" + code) == [2])
    #expect(lines(.spawn, "Shared/Runtime/Machine/Process/EpollDriver.swift", code) == [])
  }

  @Test(arguments: [
    "loop.spawn { }", "// Task { }", "let text = \"Task { }\"", "/* MainActor\n */", "await Task.yield()",
    "let myTask = { }", "func taskGroup() {}", "\"\"\"\nTask { }\n\"\"\"", "#\"Task { }\"#",
    "\"\\(names[\"async let\"] ?? \"Task { }\")\"",
  ]) func `comments, texts and other words are left alone`(code: String) {
    #expect(lines(.spawn, "Services/Cart/Service/Cart.swift", code) == [])
  }

  @Test func `code behind a text or a comment is still code`() {
    #expect(lines(.spawn, "Shared/a.swift", "let a = \"\\\"\" ; Task { }") == [1])
    #expect(lines(.spawn, "Shared/a.swift", "/* /* */ */ Task { }") == [1])
    #expect(lines(.spawn, "Shared/a.swift", "let a = \"\"\"\n  \" \\\"\"\" x\n  \"\"\"\nTask { }") == [4])
    #expect(lines(.spawn, "Shared/a.swift", "let a = \"\\(b(\"(\")) c\"\nTask { }") == [2])
  }

  @Test(arguments: [
    "import Foundation", "import struct Foundation.Data", "@testable import Foundation",
    "  import FoundationEssentials",
  ])
  func `an import of Foundation is found`(code: String) {
    #expect(lines(.foundation, "Shared/Net/HTTP/a.swift", code) == [1])
    #expect(lines(.foundation, "deploy/Souk/Kit/a.swift", code) == [])
  }

  @Test func `an import of Machine is found outside a Main`() {
    #expect(lines(.machine, "Services/Cart/Service/Cart.swift", "import Log\nimport Machine") == [2])
    #expect(lines(.machine, "Services/Cart/Main/Main.swift", "import Machine") == [])
    #expect(lines(.machine, "Services/Cart/Service/Cart.swift", "import MachineTesting") == [])
  }

  @Test func `conditional compilation is found`() {
    #expect(lines(.conditions, "Shared/Net/HTTP/a.swift", "  #if os(Linux)\n#else\n#endif") == [1])
    #expect(lines(.conditions, "Shared/Runtime/Machine/Process/a.swift", "#if os(Linux)") == [])
  }

  @Test func `a file of 420 lines may stay and one of 421 may not`() {
    let line = "let a = 1\n"
    #expect(lines(.length, "Shared/a.swift", String(repeating: line, count: 420)) == [])
    #expect(lines(.length, "Shared/a.swift", String(repeating: line, count: 421)) == [421])
  }

  @Test(arguments: [
    "usleep(1)", "sleep (1)", "Thread.sleep(forTimeInterval: 1)", "try await Task.sleep(for: d)",
    "nanosleep(a, b)",
  ])
  func `a sleeping test is found`(code: String) {
    #expect(lines(.sleeps, "Tests/Cart/CartTests.swift", code) == [1])
  }

  @Test func `a loop's timer is no sleep`() {
    #expect(lines(.sleeps, "Tests/Cart/CartTests.swift", "await loop.sleep(for: .seconds(1))") == [])
  }

  @Test(arguments: ["Int.random(in: 0..<9)", "list.shuffled()", "Bool.random()", "list.randomElement()"])
  func `randomness without a seed is found`(code: String) {
    #expect(lines(.seeds, "Tests/Cart/CartTests.swift", code) == [1])
    #expect(lines(.seeds, "Tests/Cart/CartTests.swift", "Int.random(in: 0..<9, using: &generator)") == [])
  }

  @Test(arguments: [
    "unsafeBitCast(a, to: B.self)", "nonisolated(unsafe) let a = b", "final class A: @unchecked Sendable {}",
    "a.unsafelyUnwrapped",
  ])
  func `unsafe code without a reason is found`(code: String) {
    #expect(lines(.reasons, "Shared/a.swift", "\n\n" + code) == [3])
    #expect(lines(.reasons, "Shared/a.swift", "// Far away.\n\n\n" + code) == [4])
    #expect(lines(.reasons, "Shared/a.swift", "// Safe because.\n\n" + code) == [])
    #expect(lines(.reasons, "Shared/a.swift", code + "  // Safe because.") == [])
  }

  @Test func `printing is found`() {
    #expect(lines(.printing, "Services/Cart/Service/a.swift", "print(1)\nlog.print(2)") == [1])
  }

  @Test func `a test without a sentence is found`() {
    #expect(lines(.sentences, "Tests/a.swift", "@Test func works() {}") == [1])
    #expect(
      lines(.sentences, "Tests/a.swift", "@Test(arguments: [1])\nfunc works() {}\nfunc helper() {}") == [2])
    #expect(lines(.sentences, "Tests/a.swift", "@Test func `it works`() {}\nfunc helper() {}") == [])
  }

  @Test func `a report says where, what and what to do`() {
    let file = SourceFile(path: "Services/Cart/Service/Cart.swift", text: "\n  Task { }\n")
    #expect(
      Rule.spawn.reports([file]) == [
        "Services/Cart/Service/Cart.swift:2: Task { }\n  \(Rule.spawn.advice)"
      ])
  }
}
