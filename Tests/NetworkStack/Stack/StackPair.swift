import Bytes
import EventLoop
import NetworkSimulation
import Platform
import Testing
import Wire

@testable import NetworkStack

/// A version of IP.
enum Family: CaseIterable, Sendable { case ipv4, ipv6 }

/// Two of our stacks on one wire, and a third device without a stack, through which a test speaks by hand.
final class StackPair {
  static let leftAddress = IPv4Address(10, 0, 0, 1)
  static let rightAddress = IPv4Address(10, 0, 0, 2)
  static let strangerAddress = IPv4Address(10, 0, 0, 9)
  static let network = IPv4Network(IPv4Address(10, 0, 0, 0), prefixLength: 24)
  static let leftAddress6 = IPv6Address(high: 0xfd00 << 48, low: 1)
  static let rightAddress6 = IPv6Address(high: 0xfd00 << 48, low: 2)
  static let strangerAddress6 = IPv6Address(high: 0xfd00 << 48, low: 9)
  static let network6 = IPv6Network(leftAddress6, prefixLength: 64)
  static let strangerHardware = EthernetAddress(rawValue: 0x0200_0000_0009)

  let driver = SimulationDriver()
  let loop: EventLoop
  let wire: SimulatedWire
  let devices: [SimulatedDevice]
  let left: NetworkStack
  let right: NetworkStack
  /// What lives as long as the pair.
  var kept: [AnyObject] = []
  /// Which family `endpoint` is of.
  let family: Family
  private(set) var leftInterface: Interface
  private(set) var rightInterface: Interface
  /// What the stranger has heard, frames of everybody included.
  var heard: [[UInt8]] = []
  /// The right stack's first numbers on connections that the stranger opened by hand, by his ports.
  var handStarts: [UInt16: UInt32] = [:]

  init(
    _ configuration: StackConfiguration = StackConfiguration(), right rightAddressing: Addressing? = nil,
    options: SimulatedDeviceOptions = .init(), family: Family = .ipv4
  ) {
    self.family = family
    let loop = EventLoop(driver: driver, clock: driver.clock)
    self.loop = loop
    let wire = SimulatedWire(loop: loop, seed: 1)
    self.wire = wire
    let devices = [1, 2, 9].map {
      wire.attach(hardwareAddress: 0x0200_0000_0000 + UInt64($0), options: options)
    }
    self.devices = devices
    left = NetworkStack(loop: loop, entropy: SeededEntropy(seed: 1), configuration: configuration)
    right = NetworkStack(loop: loop, entropy: SeededEntropy(seed: 2), configuration: configuration)
    leftInterface = left.attach(
      devices[0], addressing: Self.fixed(Self.leftAddress),
      ipv6: family == .ipv4 ? nil : Self.fixed(Self.leftAddress6))
    rightInterface = right.attach(
      devices[1], addressing: rightAddressing ?? Self.fixed(Self.rightAddress),
      ipv6: family == .ipv4 ? nil : Self.fixed(Self.rightAddress6))
    let (leftInterface, rightInterface) = (leftInterface, rightInterface)
    devices[0].whenReady = { _ = leftInterface.poll() }
    devices[1].whenReady = { _ = rightInterface.poll() }
    devices[2].whenReady = { [unowned self] in hear() }
    driver.sources = [{ wire.pump() }]
    driver.whenIdle = { loop.stop() }
  }

  static func fixed(_ address: IPv4Address) -> Addressing {
    .fixed(address: address, network: network, gateway: nil)
  }

  static func fixed(_ address: IPv6Address) -> IPv6Addressing {
    .fixed(address: address, network: network6, gateway: nil)
  }

  private func hear() {
    _ = devices[2].receive(limit: .max) { frame in
      // Copied within the closure.
      heard.append(frame.bytes.withUnsafeBytes { Array($0) })
    }
  }

  /// Runs for `duration` of simulated time.
  func run(for duration: Duration = .milliseconds(100)) {
    let timer = Timer(loop: loop) { [loop] in loop.stop() }
    timer.set(driver.clock.now + duration)
    loop.run()
    timer.cancel()
  }

  /// Runs `body` as a task on the loop and returns what it made.
  func perform<T>(_ body: @escaping () async -> T) -> T? {
    var result: T?
    loop.spawn { [loop] in
      result = await body()
      loop.stop()
    }
    loop.run()
    return result
  }

  /// The right stack's port, as the left one reaches it.
  func endpoint(_ port: UInt16) -> Endpoint {
    Endpoint(family == .ipv4 ? IPAddress(Self.rightAddress) : IPAddress(Self.rightAddress6), port: port)
  }

  /// Everywhere that the family has.
  func anywhere(_ port: UInt16) -> Endpoint { Endpoint(family == .ipv4 ? .any : .v6(0, 0), port: port) }

  // MARK: The stranger

  func forgetHeard() { heard.removeAll(keepingCapacity: true) }

  /// Sends a frame by hand.
  func say(_ type: EtherType, to hardware: EthernetAddress, _ write: (inout OutputRawSpan) -> Void) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2_000, alignment: 16)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    EthernetHeader(destination: hardware, source: Self.strangerHardware, type: type).write(into: &output)
    write(&output)
    let empty = RawSpan()
    let isTaken = devices[2].transmit(
      OutboundFrame(
        header: output.bytes, payload: empty, payloadTail: empty, checksum: nil, segmentByteCount: 0))
    precondition(isTaken)
    devices[2].notify()
  }

  /// Sends an IP packet by hand to the right stack, or to the left one; or to `destination` at the right one's hardware
  /// address.
  func say(
    _ protocol: IPProtocol, byteCount: Int, from source: IPv4Address = strangerAddress,
    to destination: IPv4Address = rightAddress, _ write: (IPv4Header, inout OutputRawSpan) -> Void
  ) {
    let header = IPv4Header(
      source: source, destination: destination, protocol: `protocol`, payloadByteCount: byteCount)
    let target = destination == Self.leftAddress ? leftInterface : rightInterface
    say(.ipv4, to: target.hardware) { output in
      header.write(into: &output)
      write(header, &output)
    }
  }

  /// The ARP packets that the stranger has heard.
  var heardARP: [ARPPacket] {
    heard.compactMap { bytes in
      guard let frame = try? EthernetFrame(validating: bytes.span.bytes), frame.type == .arp else {
        return nil
      }
      return try? ARPPacket(validating: frame.payload)
    }
  }

  /// What became of the IP packets of `protocol` that the stranger has heard.
  func heardPackets<R>(_ protocol: IPProtocol, _ body: (borrowing IPv4Packet) -> R?) -> [R] {
    var results: [R] = []
    for bytes in heard {
      guard let frame = try? EthernetFrame(validating: bytes.span.bytes), frame.type == .ipv4,
        let packet = try? IPv4Packet(validating: frame.payload), packet.protocol == `protocol`
      else { continue }
      if let result = body(packet) { results.append(result) }
    }
    return results
  }

  /// Ends a connection from `port` of the left stack to port 80 of the right one, whose end is then in TIME-WAIT. Returns
  /// who listens there.
  func leaveInTimeWait(from port: UInt16) throws -> any Listener {
    let listener = try right.listen(on: Endpoint(.any, port: 80))
    let client = try left.open(to: endpoint(80), localPort: port)
    run(for: .milliseconds(5))
    let server = try #require(try listener.accept())
    server.close()
    run(for: .milliseconds(5))
    client.close()
    run(for: .milliseconds(5))
    return listener
  }

  /// Lets the right stack know where the stranger is, as if it had asked.
  func introduceStranger() {
    let packet = ARPPacket(
      operation: .request, senderHardware: Self.strangerHardware, sender: Self.strangerAddress,
      targetHardware: .zero, target: Self.rightAddress)
    say(.arp, to: .broadcast) { packet.write(into: &$0) }
    run(for: .milliseconds(1))
    heard.removeAll()
  }
}

extension ByteStream {
  /// Sends text; traps when it does not fit.
  func say(_ text: String) throws(NetworkError) {
    let bytes = Array(text.utf8)
    let count = try send(bytes.span.bytes)
    precondition(count == bytes.count)
  }

  /// What has arrived, as text; nil at the end.
  func hear() throws(NetworkError) -> String? {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)
    defer { memory.deallocate() }
    var room = OutputRawSpan(buffer: memory, initializedCount: 0)
    switch try receive(into: &room) {
    case .bytes(let count): return String(decoding: memory[..<count], as: UTF8.self)
    case .nothingYet: return ""
    case .end: return nil
    }
  }
}
