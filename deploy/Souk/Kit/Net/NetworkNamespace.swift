import CLinux
import Glibc

/// A network namespace with a name, as `ip netns` keeps them: for one shop, told by its data folder.
struct NetworkNamespace: Equatable {
  /// Where iproute2 keeps the names (ip-netns(8)).
  static let folder = "/run/netns"

  let name: String

  init(_ data: DataFolder) { name = "souk-" + Self.digits(of: data.path) }

  /// Stays valid as long as the name does: for setns(2).
  var path: String { "\(Self.folder)/\(name)" }
  var exists: Bool { Files.exists(path) }

  /// Why this process cannot make one; nil when it can.
  static func obstacle(user: uid_t = geteuid(), device: String = "/dev/net/tun") -> String? {
    if user != 0 {
      return "it makes a network namespace and TAP interfaces, which only root may: "
        + "`sudo env \"PATH=$PATH\" ./souk …`"
    }
    if access(device, R_OK | W_OK) != 0 {
      return "there is no \(device): `modprobe tun` makes it, or start the container with that device"
    }
    return nil
  }

  func create() throws(Failure) { try Self.ip(["netns", "add", name]) }

  /// Takes the name away; the namespace itself goes with its last process and interface.
  func remove() throws(Failure) { try Self.ip(["netns", "delete", name]) }

  /// Runs `commands` of `ip -batch` inside, all or up to the first that fails; `file` is where they may be written.
  func configure(_ commands: [String], through file: String) throws(Failure) {
    try Files.write(commands.flatMap { Array("\($0)\n".utf8) }, to: file, mode: 0o600)
    defer { unlink(file) }
    try Self.ip(["-n", name, "-batch", file])
  }

  /// Runs `body` with the calling thread inside: what it opens there stays there.
  func inside<T>(_ body: () throws(Failure) -> T) throws(Failure) -> T {
    let home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
    let inner = open(path, O_RDONLY | O_CLOEXEC)
    defer {
      close(home)
      close(inner)
    }
    guard home >= 0, inner >= 0, souk_enter_network_namespace(inner) == 0 else {
      throw Failure("cannot enter the network namespace \(name): \(String(cString: strerror(errno)))")
    }
    defer { precondition(souk_enter_network_namespace(home) == 0, "no way back out of \(name)") }
    return try body()
  }

  private static func ip(_ arguments: [String]) throws(Failure) {
    let answer = try Captured.run(["ip"] + arguments)
    if answer.exitCode == 0 { return }
    if answer.exitCode == 127 {
      throw Failure("--net tap needs the program ip: `apt-get install iproute2` brings it")
    }
    let words = answer.output.split(separator: "\n").joined(separator: "; ")
    throw Failure("`ip \(arguments.joined(separator: " "))` failed: \(words)")
  }

  /// Eight hexadecimal digits that tell paths apart: FNV-1a of 32 bits.
  private static func digits(of path: String) -> String {
    let hash = path.utf8.reduce(0x811c_9dc5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
  }
}
