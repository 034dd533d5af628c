import ArgumentParser
import Glibc

struct LabShellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "A root shell in the lab's dom0; Ctrl-] leaves it.",
    discussion: """
      `souk lab shell` is for a terminal. `souk lab shell xl list` runs one command, prints what it prints, and ends \
      with its exit code. In dom0 the shop's configurations and scripts are in /lab.
      """)

  /// Ctrl-].
  static let leaving: UInt8 = 0x1d

  @OptionGroup var options: DataOptions

  @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("A command instead.", valueName: "command"))
  var words: [String] = []

  func run() throws {
    // What follows the first word of the command belongs to it: options of ours can only stand before.
    var words = words
    var options = options
    if words.first == "--data", words.count > 1 {
      options.data = words[1]
      words.removeFirst(2)
    }
    if ["-h", "--help"].contains(words.first) { throw CleanExit.helpRequest(self) }
    let state = try options.folder.requireRunning()
    let lab = Lab(options.folder)
    guard state.machine != nil else {
      throw Failure("what runs in \(Files.shown(options.folder.path)) is no lab: `souk lab` starts one")
    }
    words.isEmpty ? try interact(lab) : try runCommand(words.joined(separator: " "), lab)
  }

  private func runCommand(_ command: String, _ lab: Lab) throws {
    let loop = PollLoop()
    var answer: Int32?
    var isOver = false
    let running = Dom0Command(
      command, in: lab, loop: loop, line: { Files.writeAll($0 + [UInt8(ascii: "\n")], to: 1) },
      ended: {
        answer = $0
        isOver = true
      })
    guard running != nil else { throw Failure("dom0 takes no commands yet: try again in a moment") }
    loop.run { isOver }
    guard let answer else { throw Failure("the lab ended before the command did") }
    if answer != 0 { Glibc.exit(answer) }
  }

  private func interact(_ lab: Lab) throws {
    guard isatty(0) == 1, isatty(1) == 1 else {
      throw Failure("this is no terminal: `souk lab shell COMMAND` runs one command")
    }
    guard let shell = UnixSocket.connect(lab.shellSocket) else {
      throw Failure("dom0 has no shell yet: try again in a moment")
    }
    var old = termios()
    tcgetattr(0, &old)
    var raw = old
    cfmakeraw(&raw)
    tcsetattr(0, TCSANOW, &raw)
    defer {
      tcsetattr(0, TCSANOW, &old)
      close(shell)
      Console.note("left dom0, which goes on")
    }
    Console.note("dom0's root shell; Ctrl-] leaves it\r")
    var size = winsize()
    if ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 {
      Files.writeAll(Array("stty rows \(size.ws_row) cols \(size.ws_col)\n".utf8), to: shell)
    } else {
      Files.writeAll([UInt8(ascii: "\n")], to: shell)
    }
    let loop = PollLoop()
    var isOver = false
    loop.whenReadable(0) {
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(0, &chunk, chunk.count)
      let typed = chunk[..<max(0, count)]
      let kept = typed.firstIndex(of: Self.leaving).map { typed[..<$0] } ?? typed
      Files.writeAll(Array(kept), to: shell)
      isOver = count <= 0 || kept.count < typed.count
    }
    loop.whenReadable(shell) {
      var chunk = [UInt8](repeating: 0, count: 65_536)
      let count = read(shell, &chunk, chunk.count)
      if count > 0 {
        Files.writeAll(Array(chunk[..<count]), to: 1)
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        isOver = true
      }
    }
    loop.run { isOver }
  }
}
