import Foundation
import Testing

@testable import SoukKit

/// Runs `souk` as a user would.
enum CommandLineTool {
  /// Where the executables under test are: those of this build, or the folder that `souk test --full` names.
  static let folder: String =
    ProcessInfo.processInfo.environment["SOUK_EXECUTABLES"] ?? Checkout.executables

  struct Answer {
    var exitCode: Int32
    var output: String
    var errors: String
  }

  /// Runs it to its end. Output goes through files, so that what it leaves in the background holds nothing open.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Answer {
    let scratch = try TemporaryFolder()
    var spawn = Spawn(executable: folder + "/souk", arguments: arguments)
    spawn.environment = environment
    let files = ["/output", "/errors"].map { open(scratch.path + $0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
    let high = files.map { fcntl($0, F_DUPFD_CLOEXEC, Sockets.lowestInherited) }
    defer { for descriptor in files + high { close(descriptor) } }
    spawn.descriptors = [(high[0], 1), (high[1], 2)]
    let exitCode = try spawn.run()
    return Answer(
      exitCode: exitCode, output: Files.text(scratch.path + "/output") ?? "",
      errors: Files.text(scratch.path + "/errors") ?? "")
  }
}

/// A folder that goes with its last user.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/souk-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure("cannot make a temporary folder") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs `body` on `count` threads at once and returns what each made, in order.
func concurrently<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> T) -> [T] {
  let results = Results<T>(count)
  let threads = (0..<count).map { index in
    Thread {
      results.finish(index, body(index))
    }
  }
  for thread in threads { thread.start() }
  return results.wait()
}

/// What threads bring back.
private final class Results<T: Sendable>: Sendable {
  private let condition = NSCondition()
  // Touched only under `condition`.
  // Touched under the condition's lock only.
  nonisolated(unsafe) private var values: [T?]

  init(_ count: Int) { values = Array(repeating: nil, count: count) }

  func finish(_ index: Int, _ value: T) {
    condition.lock()
    values[index] = value
    condition.signal()
    condition.unlock()
  }

  func wait() -> [T] {
    condition.lock()
    defer { condition.unlock() }
    while values.contains(where: { $0 == nil }) { condition.wait() }
    return values.map { $0! }
  }
}
