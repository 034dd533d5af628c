import Testing

/// Reads every Swift file of the repository: what the compiler does not keep is kept here.
@Suite struct HouseTests {
  private func check(_ rule: Rule, sourceLocation: SourceLocation = #_sourceLocation) {
    for report in rule.reports(SourceFile.all) {
      Issue.record("\(report)", sourceLocation: sourceLocation)
    }
  }

  @Test func `the repository is found`() {
    let paths = Set(SourceFile.all.map(\.path))
    #expect(paths.contains("Package.swift") && paths.contains("Shared/Runtime/Platform/Time.swift"))
    #expect(!paths.contains { $0.contains(".build") || $0.hasPrefix("/") })
  }

  @Test func `tasks start only through the loop`() { check(.spawn) }
  @Test func `Foundation stays out of what an image holds`() { check(.foundation) }
  @Test func `only a Main chooses a machine`() { check(.machine) }
  @Test func `conditional compilation stays in Machine`() { check(.conditions) }
  @Test func `files are short enough to hold one concept`() { check(.length) }
  @Test func `no span outlives a short text`() { check(.spans) }
  @Test func `tests do not sleep`() { check(.sleeps) }
  @Test func `random tests have a seed`() { check(.seeds) }
  @Test func `unsafe code says why it is safe`() { check(.reasons) }
  @Test func `libraries and services log instead of printing`() { check(.printing) }
  @Test func `a test's name is a sentence`() { check(.sentences) }
}
