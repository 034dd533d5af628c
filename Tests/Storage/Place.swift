import Testing

/// Where a test's database is.
enum Place: CaseIterable {
  case file, disk

  /// What `Everywhere` has chosen.
  @TaskLocal static var current = Place.file
}

/// Runs every test of a suite twice: with its database in a file, and on a disk.
struct Everywhere: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  @concurrent func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    for place in Place.allCases { try await Place.$current.withValue(place) { try await function() } }
  }
}

extension Trait where Self == Everywhere {
  /// In a file, and on a disk.
  static var everywhere: Everywhere { Everywhere() }
}
