import ArgumentParser
import Glibc

struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Say which Souk this is.")

  @OptionGroup var options: DataOptions

  @Flag(help: "For scripts.")
  var json = false

  func run() throws {
    let report = VersionReport()
    Console().print(json ? try StatusReport.encode(report) : report.text)
  }
}

/// Which Souk this is.
struct VersionReport: Encodable {
  static let version = "0.1.0"

  var version = VersionReport.version
  /// The checkout's commit, when git's files tell.
  var commit = VersionReport.commit(Checkout.root)
  var swift = VersionReport.compiler
  var build = VersionReport.build
  var targets = [Target.process, .qemu].map(\.rawValue)

  var text: String { "souk \(version) (\(commit ?? "no git"), \(build) build, Swift \(swift))" }

  #if DEBUG
    static let build = "debug"
  #else
    static let build = "release"
  #endif

  #if compiler(>=6.4)
    static let compiler = "6.4 or later"
  #else
    static let compiler = "6.3"
  #endif

  /// The first twelve digits of HEAD, read without running git; nil for a reference it has packed away.
  static func commit(_ root: String) -> String? {
    var git = root + "/.git"
    // A worktree has a file that names its folder.
    if let text = Files.text(git), text.hasPrefix("gitdir: ") { git = String(text.dropFirst(8)) }
    guard let head = Files.text(git + "/HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return String(head.prefix(12)) }
    let common =
      Files.text(git + "/commondir").map { Files.absolute($0.hasPrefix("/") ? $0 : git + "/" + $0) } ?? git
    return Files.text("\(common)/\(head.dropFirst(5))").map { String($0.prefix(12)) }
  }
}
