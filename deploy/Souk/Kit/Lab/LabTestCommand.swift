import ArgumentParser
import Foundation
import Glibc

struct LabTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run the end-to-end tests against the shop on Xen.",
    discussion: """
      Starts a lab of its own on fresh disks, runs against it what every shop is tested with, then what only concerns \
      domains (restarts, a destroyed catalog, save and restore, what is reachable from outside), and ends it.
      """)

  /// The suites of Tests/EndToEnd that take a shop as it is, and the one about domains.
  static let suites = ["Shopping", "Contract", "Imports", "Domains"]

  @Option(help: ArgumentHelp("Only the tests whose name matches.", valueName: "pattern"))
  var filter: [String] = []

  @Option(
    help: ArgumentHelp("The folder with the images; default .build-unikernel/images.", valueName: "dir"))
  var images: String?

  func run() throws {
    var template = Array("/tmp/souk-lab-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure("cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
    }
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let data = folder + "/shop"
    // A Ctrl-C ends the tests, and then the lab in order.
    signal(SIGINT, SIG_IGN)
    var arguments = ["lab", "up", "--detach", "--port", "0", "--data", data]
    if let images { arguments += ["--images", images] }
    var start = Spawn(executable: "/proc/self/exe", arguments: arguments)
    start.isolation = .none
    guard try start.run() == 0 else {
      showLogs(data)
      throw Failure("the lab does not start; its reasons are above")
    }
    defer { _ = try? Spawn(executable: "/proc/self/exe", arguments: ["down", "--data", data]).run() }
    var words = ["test", "--disable-xctest"]
    if FrontDoor.hasBuilt("debug") { words.append("--skip-build") }
    let patterns = filter.isEmpty ? ["EndToEnd/(\(Self.suites.joined(separator: "|")))/"] : filter
    for pattern in patterns { words += ["--filter", pattern] }
    do throws(Failure) {
      try SwiftTool.run(words, environment: ["SOUK_TEST_LAB": data])
    } catch {
      showLogs(data)
      throw error
    }
  }

  /// The end of every log, since the folder goes.
  private func showLogs(_ data: String) {
    _ = try? Spawn(executable: "/proc/self/exe", arguments: ["logs", "-n", "60", "--data", data]).run()
  }
}
