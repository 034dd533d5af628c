import ArgumentParser
import Foundation

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build the services and this command, and start nothing.")

  func run() throws {
    if !FrontDoor.hasBuilt("release") {
      try SwiftTool.run(["build", "-c", "release"])
    }
    let folder = Checkout.root + "/.build/release"
    var table = [["PROGRAM", "SIZE"]]
    for name in ServiceKind.allCases.map(\.rawValue) + ["souk"] {
      let path = "\(folder)/\(name)"
      table.append([Files.shown(path), Console.megabytes(Files.byteCount(path))])
    }
    Console().print(Console.table(table, rightAligned: [1]))
  }
}

/// The bash script `souk` at the root, which builds before it hands over.
enum FrontDoor {
  /// Whether nobody is there to be asked, and what is optional elsewhere must be there.
  static var isCI: Bool { !ProcessInfo.processInfo.environment["CI", default: ""].isEmpty }

  /// Whether this program was started through it.
  static var isInCharge: Bool { ProcessInfo.processInfo.environment["SOUK_BUILT"] != nil }

  /// Whether it has just built this configuration.
  static func hasBuilt(_ configuration: String) -> Bool {
    ProcessInfo.processInfo.environment["SOUK_BUILT"] == configuration
  }
}

/// `swift` from PATH, in the checkout.
enum SwiftTool {
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws(Failure) {
    var spawn = Spawn(
      executable: "/usr/bin/env", arguments: ["swift"] + arguments + ["--package-path", Checkout.root])
    spawn.environment = environment
    spawn.isolation = .none
    let code = try spawn.run()
    guard code == 0 else {
      throw Failure("`swift \(arguments.joined(separator: " "))` failed", exitCode: code)
    }
  }
}
