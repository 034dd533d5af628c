import ArgumentParser
import CLinux
import Glibc

/// Becomes another program that ends when its supervisor does: for programs that do not see to it themselves. Not for
/// people.
struct MachineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "machine", shouldDisplay: false)

  /// The supervisor's process.
  @Option(help: .hidden)
  var parent: Int32

  /// The program, looked for in PATH, and its arguments.
  @Argument(parsing: .postTerminator, help: .hidden)
  var words: [String]

  func run() throws {
    // Survives the exec, since the program gains no rights by it (PR_SET_PDEATHSIG of prctl(2)).
    _ = souk_die_with_parent(SIGTERM)
    // The parent may have gone before we asked.
    guard getppid() == parent, let program = words.first else { return }
    let arguments = words.map { strdup($0) } + [nil]
    execvp(program, arguments)
    throw Failure(
      "cannot start \(program): \(String(cString: strerror(errno)))", exitCode: ExitCode.needsAPerson)
  }

  /// How a supervisor starts `program`.
  static func arguments(_ program: String, _ arguments: [String]) -> [String] {
    ["machine", "--parent", String(getpid()), "--", program] + arguments
  }
}
