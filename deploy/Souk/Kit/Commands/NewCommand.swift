import ArgumentParser

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Begin a program of your own on Souk.",
    discussion: """
      Makes the folder NAME with a Swift package that depends on this checkout: a program of a few lines that answers \
      HTTP. `souk run NAME` in that folder runs it as a Linux process, with --target qemu as a unikernel. \
      docs/unikernel.md goes on from there.
      """)

  @Argument(help: "What it is called: a-z, 0-9 and -.")
  var name: String

  @Option(help: ArgumentHelp("Where its folder is made; default: here.", valueName: "dir"))
  var at: String?

  func validate() throws {
    if let objection = ProgramName.objection(name) { throw ValidationError(objection) }
  }

  func run() throws {
    let program = NewProgram(name: name, souk: Checkout.root)
    let folder = Files.absolute(at.map { "\($0)/\(name)" } ?? name)
    try program.write(to: folder)
    Console().print(
      """
      \(Files.shown(folder)) is there. Go on with:
        cd \(Files.shown(folder))
        \(program.command) run \(name)
        \(program.command) run \(name) --target qemu
      """)
  }
}
