import ArgumentParser
import Glibc

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run one program, such as Examples/Hello or your own, with its port on 127.0.0.1.",
    discussion: """
      `souk run hello --target qemu` boots the image of Examples/Hello in a microVM and leads 127.0.0.1:PORT to it. \
      In a folder that `souk new` made it runs that folder's program. What it prints is shown; Ctrl-C stops it. The \
      program keeps no data. Exit code: the program's, or QEMU's.
      """)

  @Argument(help: "The executable target, as in Package.swift's products.")
  var name: String

  @Option(help: ArgumentHelp("The machine under it: process or qemu.", valueName: "machine"))
  var target = Target.process

  @Option(help: "Its port on 127.0.0.1; 0 takes a free one.")
  var port: UInt16 = 8000

  @Option(
    help: ArgumentHelp("With --target qemu, what executes: tcg, kvm or auto.", valueName: "accelerator"))
  var accel: Accelerator.Choice?

  @Option(help: ArgumentHelp("With --target qemu, the machine's memory in MiB.", valueName: "mebibytes"))
  var memory: Int?

  @Option(name: .customLong("set"), help: ArgumentHelp("A setting for it.", valueName: "key=value"))
  var settings: [String] = []

  @Flag(help: "With --target qemu: wait for gdb, and print the line that attaches it.")
  var debug = false

  @OptionGroup var package: PackageOptions

  static let defaultMegabytes = 32
  static let memoryRange = 4...4096

  func validate() throws {
    let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    guard isPlain, !name.isEmpty else {
      throw ValidationError("\(name) is not a product's name: a-z, 0-9 and -")
    }
    for setting in settings where !setting.dropFirst().contains("=") || setting.hasPrefix("=") {
      throw ValidationError("--set \(setting): expected key=value")
    }
    if let memory, !Self.memoryRange.contains(memory) {
      throw ValidationError(
        "--memory must be \(Self.memoryRange.lowerBound) to \(Self.memoryRange.upperBound)")
    }
    if !target.isImages, accel != nil || memory != nil || debug {
      throw ValidationError("--accel, --memory and --debug are for --target qemu")
    }
  }

  func run() throws {
    let package = try ProgramPackage(package.path)
    let single: SingleProgram
    switch target {
    case .xen: throw Failure("--target xen is not there yet; --target qemu boots the same image")
    case .process:
      let executable = "\(package.executables)/\(name)"
      guard Files.exists(executable) else {
        throw Failure("\(Files.shown(executable)) is not built: `souk run \(name)` does it")
      }
      single = try SingleProgram(name, port: port, settings: settings, place: .process(executable))
    case .qemu:
      if let obstacle = VirtualMachine.obstacle() {
        throw Failure("--target qemu is not possible here: \(obstacle)")
      }
      let image = "\(package.images)/\(name).elf"
      guard Files.exists(image) else {
        throw Failure(
          "\(Files.shown(image)) is not built: `souk build \(name) --target qemu` does it")
      }
      let choice = try Accelerator.choose(accel ?? .auto) { () throws(Failure) in
        try Accelerator.kvmBoots(image)
      }
      Console.note("\(choice.accelerator.rawValue) executes it" + (choice.reason.map { ": \($0)" } ?? ""))
      single = try SingleProgram(
        name, port: port, settings: settings,
        place: .machine(
          image: image, megabytes: memory ?? Self.defaultMegabytes, accelerator: choice.accelerator,
          debug: debug))
    }
    Glibc.exit(try single.run())
  }
}
