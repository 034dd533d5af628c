import CLinux
import Glibc
import MachineTap
import Platform

/// A network namespace of the calling thread's own, with one TAP interface in it. It goes when the process ends.
struct TapLink {
  /// The interface's name, the same in every namespace.
  static let interface = "bench"

  /// The TAP end: frames with a virtio_net_hdr before them.
  let descriptor: Int32

  /// Moves the calling thread into a new namespace, where the kernel is `machine`. Programs that it starts from now on
  /// live there. Needs root and the program `ip`.
  init(_ family: Family, kernelIs machine: UInt8) throws(Refusal) {
    try self.init()
    try Self.ip(family.assignment(machine, on: Self.interface))
  }

  /// A new namespace with the interface alone.
  private init() throws(Refusal) {
    guard souk_leave_network_namespace() == 0 else {
      throw Refusal("no network namespace: \(String(cString: strerror(errno)))")
    }
    do throws(NetworkError) { descriptor = try TapDevice.open(name: Self.interface) } catch {
      throw Refusal("no TAP interface: \(error)")
    }
    try Self.ip(["link", "set", Self.interface, "addrgenmode", "none", "up"])
  }

  /// A new namespace whose kernel is `machine` behind a bridge, as many hops from the interface as `bridged` is.
  init(_ family: Family, bridgedKernelIs machine: UInt8) throws(Refusal) {
    try self.init()
    try Self.bridge([Self.interface])
    try Self.ip(family.assignment(machine, on: "bridge"))
  }

  /// A new namespace with two TAP interfaces that a bridge joins: what goes into one comes out of the other.
  static func bridged() throws(Refusal) -> (TapLink, own: Int32) {
    let link = try TapLink()
    let own: Int32
    do throws(NetworkError) { own = try TapDevice.open(name: "own") } catch {
      throw Refusal("no TAP interface: \(error)")
    }
    try bridge([interface, "own"])
    return (link, own)
  }

  private static func bridge(_ names: [String]) throws(Refusal) {
    try ip(["link", "add", "bridge", "type", "bridge"])
    for name in names { try ip(["link", "set", name, "master", "bridge"]) }
    for name in names + ["bridge"] { try ip(["link", "set", name, "addrgenmode", "none", "up"]) }
  }

  /// Runs `ip`, which inherits the namespace.
  private static func ip(_ arguments: [String]) throws(Refusal) {
    var words = (["ip"] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    var status: Int32 = 0
    guard posix_spawnp(&pid, "ip", nil, nil, &words, environ) == 0 else {
      throw Refusal("there is no program `ip`: `apt-get install iproute2` brings it")
    }
    waitpid(pid, &status, 0)
    guard status == 0 else { throw Refusal("`ip \(arguments.joined(separator: " "))` failed") }
  }
}

/// Where threads run: what is measured on one core, who is at the other end on another.
enum Cores {
  static let measured: Int32 = 0
  static let other: Int32 = 1
  static let isPinned = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1

  /// Keeps the calling thread on `core`, where there are two.
  static func stay(on core: Int32) { if isPinned { _ = souk_run_on_core(core) } }
}
