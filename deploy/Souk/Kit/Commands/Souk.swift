import ArgumentParser
import Glibc

/// The command line: `souk up`, `souk status`, …
public struct Souk: ParsableCommand {
  /// The name, the words of the help, and the commands.
  public static let configuration = CommandConfiguration(
    commandName: "souk",
    abstract: "A webshop of four services, run from one command.",
    discussion: "Start with `souk up`; every command takes --data DIR, and tells more with --help.",
    version: VersionReport.version,
    subcommands: [
      UpCommand.self, StatusCommand.self, LogsCommand.self, DownCommand.self, ImportCommand.self,
      NewCommand.self, RunCommand.self, DiskCommand.self, DeployCommand.self, LabCommand.self,
      BuildCommand.self,
      TestCommand.self,
      BenchCommand.self, VersionCommand.self,
      ForwardCommand.self, SwitchCommand.self, MachineCommand.self,
    ])

  /// Only for the parser.
  public init() {}

  /// Runs the process's command and ends the process when it has failed.
  public static func start() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      Console.note(failure.message)
      Glibc.exit(failure.exitCode)
    } catch {
      exit(withError: error)
    }
  }
}

/// What every command about a shop takes.
struct DataOptions: ParsableArguments {
  @Option(
    name: .long, help: ArgumentHelp("The shop's folder; default .souk in the checkout.", valueName: "dir"))
  var data: String?

  var folder: DataFolder { DataFolder(data ?? Checkout.defaultDataFolder) }
}
