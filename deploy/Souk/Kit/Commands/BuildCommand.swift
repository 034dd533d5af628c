import ArgumentParser
import Foundation

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build the services and this command, and start nothing.",
    discussion: """
      --target qemu and --target xen make the services' images, one and the same for both, print what takes the room \
      in them, and write beside each a bill of materials (CycloneDX). The exit code is 1 when one is over its budget.
      """)

  @Option(help: ArgumentHelp("What to build for: \(Target.list).", valueName: "machine"))
  var target = Target.process

  @Option(
    help: ArgumentHelp(
      "With --target qemu or xen: only this image, which may be one of Examples.", valueName: "name"))
  var image: [String] = []

  @Flag(help: "For scripts.")
  var json = false

  func run() throws {
    guard target == .process else { return try runImages() }
    guard image.isEmpty, !json else {
      throw Failure("--image and --json are for images: add --target qemu")
    }
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

  private func runImages() throws {
    let names = image.isEmpty ? ServiceKind.allCases.map(\.rawValue) : image
    if !FrontDoor.hasBuiltImages {
      for name in names {
        var spawn = Spawn(executable: Checkout.root + "/deploy/unikernel/build", arguments: [name])
        spawn.isolation = .none
        let code = try spawn.run()
        guard code == 0 else { throw Failure("the image \(name) cannot be built", exitCode: code) }
      }
    }
    let reports = try names.map { try ImageReport($0, in: Checkout.images) }
    for report in reports {
      try BillOfMaterials(report).write(to: "\(Checkout.images)/\(report.name).sbom.json")
    }
    Console().print(json ? try StatusReport.encode(reports) : ImageReport.text(reports))
    let over = reports.filter { !$0.isWithinBudget }.map(\.name)
    guard over.isEmpty else { throw Failure("over budget: \(over.joined(separator: ", "))") }
  }
}

/// The bash script `souk` at the root, which builds before it hands over.
enum FrontDoor {
  /// Whether nobody is there to be asked, and what is optional elsewhere must be there.
  static var isCI: Bool { !ProcessInfo.processInfo.environment["CI", default: ""].isEmpty }

  /// Whether this program was started through it.
  static var isInCharge: Bool { ProcessInfo.processInfo.environment["SOUK_BUILT"] != nil }

  /// Whether it has just built the images.
  static var hasBuiltImages: Bool { ProcessInfo.processInfo.environment["SOUK_BUILT_IMAGES"] == "1" }

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
