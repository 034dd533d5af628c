import EventLoop
import Machine
import MachineTap
import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// A network namespace with one TAP interface: the Linux kernel at one end of the link, our stack at the other, and
/// both on one loop. Threads and programs that a test starts are in the namespace too.
final class KernelLink {
  /// How a link is made.
  struct Options: Sendable {
    /// Whether checksums and cutting are left to the kernel, both ways.
    var offloads = true
    /// Of both ends.
    var mtu = 1500
    /// What our stack is allowed, and how its connections behave.
    var stack = StackConfiguration()
    /// What the link does to frames.
    var faults = FaultyDevice.Faults()
    /// Whether the stack asks for its address instead of knowing it.
    var usesDHCP = false
    /// Which family `address`, and with it `connect`, is of.
    var family = Family.ipv4
    /// Whether the stack takes its IPv6 address from a router instead of knowing it.
    var usesRouters = false

    init(offloads: Bool = true, mtu: Int = 1500, _ family: Family = .ipv4) {
      self.offloads = offloads
      self.mtu = mtu
      self.family = family
    }
  }

  /// A version of IP.
  enum Family: CaseIterable, Sendable { case ipv4, ipv6 }

  /// A family, with or without help of the device.
  struct Course: CaseIterable, Sendable {
    let family: Family
    let offloads: Bool
    static let allCases = Family.allCases.flatMap { family in
      [true, false].map { Course(family: family, offloads: $0) }
    }
    var options: Options { Options(offloads: offloads, family) }
  }

  static let kernelAddress = IPv4Address(10, 84, 0, 1)
  static let ownAddress = IPv4Address(10, 84, 0, 2)
  /// An address of the link that nobody has.
  static let deadAddress = IPv4Address(10, 84, 0, 77)
  static let network = IPv4Network(kernelAddress, prefixLength: 24)
  static let kernelAddress6 = IPv6Address(high: 0xfd00_0084 << 32, low: 1)
  static let ownAddress6 = IPv6Address(high: 0xfd00_0084 << 32, low: 2)
  static let deadAddress6 = IPv6Address(high: 0xfd00_0084 << 32, low: 0x77)
  static let network6 = IPv6Network(kernelAddress6, prefixLength: 64)
  /// How long anything may take. Far beyond what it does: a hang becomes a failure.
  static let patience = Duration.seconds(60)

  let loop: EventLoop
  let stack: NetworkStack
  let interface: Interface
  /// The kernel's end, from the same loop.
  let kernel: KernelNetwork
  let device: FaultyDevice
  let family: Family
  private let port: TapPort

  private init(_ options: Options) throws {
    family = options.family
    let driver = EpollDriver()
    let loop = EventLoop(driver: driver, clock: LinuxClock())
    self.loop = loop
    let tap = try TapDevice(
      inheriting: TapDevice.open(name: "tap0"), hardwareAddress: 0x0253_4f55_4b02,
      maximumTransmissionUnit: options.mtu, offloads: options.offloads)
    // Without IPv6 of the kernel's own making: its packets would only be in the way.
    try TestNamespace.ip("link set tap0 addrgenmode none")
    try TestNamespace.ip("link set tap0 mtu \(options.mtu) up")
    try TestNamespace.ip("address add 10.84.0.1/24 dev tap0")
    if options.family == .ipv6 {
      try TestNamespace.ip("address add fd00:84::1/64 dev tap0 nodad")
      try TestNamespace.ip("address add fe80::1/64 dev tap0 nodad")
    }
    try TestNamespace.ip("link set lo up")
    kernel = KernelNetwork(driver: driver, loop: loop)
    stack = NetworkStack(
      loop: loop, entropy: MachineTesting.SeededEntropy(seed: 84), configuration: options.stack)
    device = FaultyDevice(tap, loop: loop, faults: options.faults)
    let interface = stack.attach(
      device,
      addressing: options.usesDHCP
        ? .dhcp(hostName: "souk") : .fixed(address: Self.ownAddress, network: Self.network, gateway: nil),
      ipv6: options.family == .ipv4
        ? nil
        : options.usesRouters
          ? .automatic : .fixed(address: Self.ownAddress6, network: Self.network6, gateway: nil))
    self.interface = interface
    port = TapPort(tap, driver: driver, loop: loop) { interface.poll() }
    device.whenFramesAreDue = { _ = interface.poll() }
  }

  /// Runs `body` on the loop of a link of its own, and then looks whether the stack has kept anything.
  static func run(_ options: Options = Options(), _ body: @escaping (KernelLink) async throws -> Void) throws
  {
    try TestNamespace.run {
      var outcome = Result<Void, any Error>.success(())
      let link = try KernelLink(options)
      link.loop.spawn {
        do {
          try await body(link)
          try await link.expectNothingIsLeft()
        } catch {
          outcome = .failure(error)
        }
        link.loop.stop()
      }
      link.loop.run()
      try outcome.get()
    }
  }

  // MARK: Waiting

  /// Now and `patience`.
  var deadline: Instant { loop.now + Self.patience }

  /// Returns once `condition` holds; throws when it does not within `patience`.
  func wait(for what: String, _ condition: () -> Bool) async throws {
    let deadline = deadline
    while !condition() {
      guard loop.now < deadline else { throw Hang(what: what) }
      await loop.sleep(for: .milliseconds(1))
    }
  }

  struct Hang: Error { let what: String }

  /// No connection, and no byte in a queue. What was set aside for one is kept as long as somebody holds its stream.
  func allEnds() async throws {
    try await wait(for: "the end of all connections") {
      stack.connectionCount == 0 && stack.pool.blocksInUseCount == 0
    }
  }

  /// No connection, no memory of one: what every test ends with.
  func expectNothingIsLeft() async throws {
    try await allEnds()
    try await wait(for: "memory to be given back") { stack.pool.committedByteCount == 0 }
  }

  /// The stack's figure `name`, with the label's value `label`.
  func figure(_ name: String, _ label: String? = nil) -> UInt64 {
    let found = stack.figures.filter { figure in
      figure.name.description == name && (label == nil || figure.label?.value.description == label)
    }
    precondition(!found.isEmpty, "no figure \(name) \(label ?? "")")
    return found.reduce(0) { $0 + $1.value }
  }
}

/// One of the two ends of a link.
enum End: CaseIterable, Sendable {
  /// Our stack.
  case own
  /// The Linux kernel.
  case kernel

  var other: End { self == .own ? .kernel : .own }
}

extension KernelLink {
  func network(_ end: End) -> any Network { end == .own ? stack : kernel }

  func address(_ end: End) -> IPAddress {
    if family == .ipv4 { return .v4((end == .own ? Self.ownAddress : Self.kernelAddress).rawValue) }
    let address = end == .own ? Self.ownAddress6 : Self.kernelAddress6
    return .v6(address.high, address.low)
  }

  /// An address of the link that nobody has.
  var deadAddress: IPAddress {
    family == .ipv4
      ? .v4(Self.deadAddress.rawValue) : .v6(Self.deadAddress6.high, Self.deadAddress6.low)
  }

  /// A connection that `client` opened.
  func connect(from client: End) async throws(NetworkError) -> Connected {
    let server = client.other
    let listener = try network(server).listen(on: Endpoint(address(server), port: 0))
    defer { listener.close() }
    let opened = try await network(client).connect(to: listener.endpoint, until: deadline)
    let accepted = try await listener.next()
    return client == .own
      ? Connected(own: opened, kernel: accepted) : Connected(own: accepted, kernel: opened)
  }
}

/// A connection between the two.
struct Connected {
  let own: any ByteStream
  let kernel: any ByteStream

  subscript(end: End) -> any ByteStream { end == .own ? own : kernel }

  func close() {
    own.close()
    kernel.close()
  }
}

extension Listener {
  /// The next connection.
  func next() async throws(NetworkError) -> any ByteStream {
    while true {
      if let stream = try accept() { return stream }
      try await waitAcceptable()
    }
  }
}
