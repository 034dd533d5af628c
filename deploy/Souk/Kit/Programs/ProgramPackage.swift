import ArgumentParser
import Foundation

/// The Swift package whose programs `souk run` and `souk build NAME` are about: this checkout, or one that depends on it.
struct ProgramPackage {
  /// From the root.
  let folder: String

  private static let variable = "SOUK_PACKAGE"

  /// The folder that was asked for; else what the front door found above the working directory; else the checkout.
  init(_ option: String?) throws(Failure) {
    folder =
      (option ?? ProcessInfo.processInfo.environment[Self.variable]).map(Files.absolute) ?? Checkout.root
    guard Files.exists(folder + "/Package.swift") else {
      throw Failure("\(Files.shown(folder)) is no Swift package: there is no Package.swift")
    }
  }

  var isCheckout: Bool { folder == Checkout.root }
  /// Where its programs are as Linux executables.
  var executables: String { isCheckout ? Checkout.executables : folder + "/.build/release" }
  /// Where deploy/unikernel/build puts its images.
  var images: String { folder + "/.build-unikernel/images" }

  /// Builds the executable of `name`, with the Swift runtime in it, unless the front door has.
  func buildProgram(_ name: String) throws(Failure) {
    guard !FrontDoor.hasBuilt("release") else { return }
    let words = ["build", "-c", "release", "--product", name] + (isCheckout ? [] : ["--static-swift-stdlib"])
    try SwiftTool.run(words, package: folder)
  }

  /// Builds the image of `name`, unless the front door has.
  func buildImage(_ name: String) throws(Failure) {
    guard !FrontDoor.hasBuiltImages else { return }
    var spawn = Spawn(
      executable: Checkout.root + "/deploy/unikernel/build", arguments: [name, "--package-path", folder])
    spawn.isolation = .none
    let code = try spawn.run()
    guard code == 0 else { throw Failure("the image \(name) cannot be built", exitCode: code) }
  }
}

/// What the commands about programs take.
struct PackageOptions: ParsableArguments {
  @Option(
    name: .customLong("package-path"),
    help: ArgumentHelp(
      "The Swift package of the program; default: the nearest folder above this one that depends on Souk, else Souk.",
      valueName: "dir"))
  var path: String?
}
