import ArgumentParser
import Foundation

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build the services and this command, or one program, and start nothing.",
    discussion: """
      `souk build hello` builds Examples/Hello; in a folder that `souk new` made, `souk build NAME` builds that \
      folder's program. --target qemu and --target xen make images, one and the same for both, print what takes the \
      room in them, and write beside each a bill of materials (CycloneDX). The exit code is 1 when one is over what \
      CI holds it to.
      """)

  @Argument(
    help: ArgumentHelp("What to build: products of the package; without any, the shop.", valueName: "name"))
  var names: [String] = []

  @Option(help: ArgumentHelp("What to build for: \(Target.list).", valueName: "machine"))
  var target = Target.process

  @Option(help: ArgumentHelp("With --target qemu or xen: the same as a name.", valueName: "name"))
  var image: [String] = []

  @Flag(help: "For scripts.")
  var json = false

  @OptionGroup var package: PackageOptions

  func run() throws {
    let package = try ProgramPackage(package.path)
    guard package.isCheckout || !(names + image).isEmpty else {
      throw Failure("say which program of \(Files.shown(package.folder)): `souk build NAME`")
    }
    guard target == .process else { return try runImages(package) }
    guard image.isEmpty, !json else {
      throw Failure("--image and --json are for images: add --target qemu")
    }
    if names.isEmpty {
      if !FrontDoor.hasBuilt("release") { try SwiftTool.run(["build", "-c", "release"]) }
    } else {
      for name in names { try package.buildProgram(name) }
    }
    var table = [["PROGRAM", "SIZE"]]
    for name in names.isEmpty ? ServiceKind.allCases.map(\.rawValue) + ["souk"] : names {
      let path = "\(package.folder)/.build/release/\(name)"
      table.append([Files.shown(path), Console.megabytes(Files.byteCount(path))])
    }
    Console().print(Console.table(table, rightAligned: [1]))
  }

  private func runImages(_ package: ProgramPackage) throws {
    let wanted = names + image
    let names = wanted.isEmpty ? ServiceKind.allCases.map(\.rawValue) : wanted
    for name in names { try package.buildImage(name) }
    let reports = try names.map { try ImageReport($0, in: package.images) }
    for report in reports {
      try BillOfMaterials(report).write(to: "\(package.images)/\(report.name).sbom.json")
    }
    Console().print(json ? try StatusReport.encode(reports) : ImageReport.text(reports))
    let over = reports.filter { !$0.isWithinBudget }.map(\.name)
    guard over.isEmpty else { throw Failure("over their budget: \(over.joined(separator: ", "))") }
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

/// `swift` from PATH, in the checkout or another package.
enum SwiftTool {
  static func run(
    _ arguments: [String], environment: [String: String] = [:], package: String = Checkout.root
  ) throws(Failure) {
    var spawn = Spawn(
      executable: "/usr/bin/env", arguments: ["swift"] + arguments + ["--package-path", package])
    spawn.environment = environment
    spawn.isolation = .none
    let code = try spawn.run()
    guard code == 0 else {
      throw Failure("`swift \(arguments.joined(separator: " "))` failed", exitCode: code)
    }
  }
}
