import ArgumentParser
import Glibc

struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show what the services said.",
    discussion: "Without a service: all of them, in the order of time. `souk` is the shop's own log.")

  @OptionGroup var options: DataOptions

  @Argument(help: "catalog, cart, checkout, gateway or souk.")
  var service: String?

  @Flag(name: .shortAndLong, help: "Go on with what they say from now on.")
  var follow = false

  @Option(name: [.customShort("n"), .long], help: "How many lines to show from the end.")
  var lines = 100

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("--lines must not be negative") }
    if let service, service != "souk", ServiceKind(rawValue: service) == nil {
      throw ValidationError("there is no service \(service); there are \(ServiceKind.list), and souk")
    }
  }

  func run() throws {
    let folder = options.folder
    let names = service.map { [$0] } ?? folder.logNames()
    let existing = names.filter { Files.exists(folder.log($0)) }
    guard !existing.isEmpty else {
      if XenShop(folder).isRunning {
        throw Failure(
          "the shop in \(Files.shown(folder.path)) runs as domains of Xen, and their consoles are Xen's: `xl list` "
            + "names them, `xl console NAME` shows one from now on, `xenconsoled --log=guest` keeps them")
      }
      throw Failure("there is no log in \(Files.shown(folder.logs)): no shop has run there yet")
    }
    signal(SIGPIPE, SIG_DFL)
    let console = Console()
    var tails = existing.map { LogTail(name: $0, path: folder.log($0)) }
    var past: [(name: String, line: [UInt8])] = []
    for index in tails.indices {
      past += tails[index].past(lines).map { (tails[index].name, $0) }
    }
    for (name, line) in LogTail.inOrderOfTime(past).suffix(lines) { show(console, name, line) }
    guard follow else { return }
    let changes = try LogTail.watch(folder.logs)
    while true {
      for index in tails.indices {
        for line in tails[index].more() { show(console, tails[index].name, line) }
      }
      LogTail.waitForChange(changes)
    }
  }

  private func show(_ console: Console, _ name: String, _ line: [UInt8]) {
    if service == nil || console.isTerminal {
      console.line(name, line)
    } else {
      Files.writeAll(line + [UInt8(ascii: "\n")], to: 1)
    }
  }
}
