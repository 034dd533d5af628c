import Bytes
import EventLoop
import NetworkStack
import Platform
import TCP
import Wire

/// Reads the input as what happens to one stack: frames of several peers, right, guessed or broken, whole or in
/// fragments; DHCP's and DNS's answers; calls of its program; and time. Its limits must hold all the while, what its
/// program reads must be what the peer sent at that place, and once everything is closed and time has passed, nothing
/// may be left.
///
/// The first byte: bit 0, whether the stack goes first in the end; bit 1, whether its address comes by DHCP; bit 2,
/// whether a connection is open at the beginning.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let world = World(UnsafeBufferPointer(start: start, count: count))
  if world.setting & 4 != 0 { world.establish(from: World.firstPeer, port: 80, beginningAt: 1_000) }
  for _ in 0..<600 where !world.input.isEmpty {
    world.step()
    world.check()
  }
  if world.setting & 1 != 0 { world.abandon() } else { world.end() }
  return 0
}

/// The input, byte after byte; zeros when it is used up.
struct Input {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isEmpty: Bool { position >= bytes.count }

  mutating func next() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func below(_ bound: Int) -> Int { Int(next()) % bound }

  mutating func word() -> UInt32 {
    var word: UInt32 = 0
    for _ in 0..<4 { word = word << 8 | UInt32(next()) }
    return word
  }
}

final class ManualClock: Clock {
  var now = Instant(nanoseconds: 1_000_000_000)
  var wallTime: WallTime { WallTime(nanosecondsSinceEpoch: Int64(now.nanoseconds)) }
}

/// A loop that never waits.
final class IdleDriver: LoopDriver, TaskExecutor, @unchecked Sendable {
  // Touched by the one thread there is.
  private var jobs: [UnownedJob] = []

  func start(_ body: @escaping () async -> Void) {
    // Every job of the task runs on the one thread.
    nonisolated(unsafe) let body = body
    _ = Task.detached(executorPreference: self) { await body() }
  }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

  func runJobs() -> Bool {
    let executor = asUnownedTaskExecutor()
    var index = 0
    while index < jobs.count {
      jobs[index].runSynchronously(on: executor)
      index += 1
    }
    jobs.removeAll()
    return false
  }

  func poll(until deadline: Instant) {}
}

/// The same bytes every time.
final class Counting: Entropy {
  private var state: UInt64 = 1
  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bytes[index] = UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}

/// A stack, its program and its peers.
final class World {
  static let ours = IPv4Address(10, 0, 0, 1)
  static let firstPeer = IPv4Address(10, 0, 0, 2)
  static let router = IPv4Address(10, 0, 0, 254)
  var input: Input
  let setting: UInt8
  let clock = ManualClock()
  let loop: EventLoop
  let device = Device()
  var stack: NetworkStack?
  let interface: Interface
  let configuration: StackConfiguration
  var listener: (any Listener)?
  var streams: [StackStream] = []
  /// Where each stream's program stands, by what the peer's numbers are; those that are known.
  var positions: [ObjectIdentifier: SequenceNumber] = [:]
  /// Names that are being looked up.
  var lookupCount = 0
  var sockets: [UDPSocket] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    input = Input(bytes)
    setting = input.next()
    loop = EventLoop(driver: IdleDriver(), clock: clock)
    var configuration = StackConfiguration()
    configuration.maximumConnectionCount = 8
    configuration.maximumHandshakeCount = 4
    configuration.maximumBacklogCount = 5
    configuration.maximumTimeWaitCount = 4
    configuration.maximumDatagramQueueByteCount = 2_000
    configuration.tcp.keepAliveIdle = 30_000_000_000
    configuration.bufferBudgetByteCount = 16 * Connection.admissionByteCount(configuration.tcp)
    self.configuration = configuration
    let stack = NetworkStack(loop: loop, entropy: Counting(), configuration: configuration)
    self.stack = stack
    let network = IPv4Network(IPv4Address(10, 0, 0, 0), prefixLength: 24)
    interface = stack.attach(
      device,
      addressing: setting & 2 != 0
        ? .dhcp(hostName: "souk")
        : .fixed(address: Self.ours, network: network, gateway: Self.router))
    if setting & 2 == 0 { stack.useResolvers([.v4(Self.router.rawValue)]) }
    listen()
  }

  func check() {
    guard let stack else { return }
    precondition(stack.connectionCount <= configuration.maximumConnectionCount, "too many connections")
    precondition(stack.timeWaitCount <= configuration.maximumTimeWaitCount, "too many TIME-WAITs")
    let limit = stack.pool.budgetByteCount + stack.pool.reserveByteCount
    precondition(stack.pool.committedByteCount <= limit, "more memory than there is")
    precondition(stack.pool.usedByteCount <= stack.pool.committedByteCount, "memory nobody has admitted")
  }

  /// Everything is closed, and a long time passes: nothing is left.
  func end() {
    device.isFull = false
    listener?.close()
    listener = nil
    for stream in streams { stream.close() }
    streams.removeAll()
    for socket in sockets { socket.close() }
    sockets.removeAll()
    for _ in 0..<600 { turn(after: 1_000_000_000) }
    expectNothing()
    abandon()
  }

  private func expectNothing() {
    guard let stack else { return }
    _ = stack.figures
    precondition(stack.connectionCount == 0, "a connection that never ends")
    precondition(stack.timeWaitCount == 0, "a TIME-WAIT that never ends")
    precondition(stack.pool.committedByteCount == 0 && stack.pool.usedByteCount == 0, "memory is lost")
    precondition(lookupCount == 0, "a lookup that never ends")
  }

  /// The stack goes first.
  func abandon() {
    stack = nil
    for _ in 0..<300 { turn(after: 1_000_000_000) }
    for stream in streams { read(stream) }
    listener?.close()
    // The loop keeps a cancelled timer until its time, and a lease may be long: 150 years.
    for _ in 0..<2 { turn(after: 5_000_000_000_000_000_000) }
  }

  func turn(after nanoseconds: UInt64) {
    clock.now = clock.now.advanced(byNanoseconds: nanoseconds)
    loop.turn()
    _ = interface.poll()
  }

  // MARK: The program

  private func listen() {
    do throws(NetworkError) { listener = try stack?.listen(on: Endpoint(.any, port: 80)) } catch {
      preconditionFailure("the port is free")
    }
  }

  private func callProgram() {
    guard let stack else { return }
    let stream = streams.isEmpty ? nil : streams[input.below(streams.count)]
    do throws(NetworkError) {
      switch input.below(12) {
      case 0, 1:
        try accept()
      case 2: if let stream { read(stream) }
      case 3, 4:
        let bytes = [UInt8](repeating: 7, count: 1 + 40 * Int(input.next()))
        _ = try stream?.send(bytes.span.bytes)
      case 5: stream?.finish()
      case 6: stream?.close()
      case 7: stream?.abort()
      case 8: if !streams.isEmpty { forget(input.below(streams.count)) }
      case 9:
        let port = UInt16(1 + input.below(3))
        streams.append(try stack.open(to: Endpoint(Self.address(peer()), port: port)))
      case 10:
        listener?.close()
        listen()
      default:
        if sockets.count < 3 {
          sockets.append(try stack.bind(port: UInt16(input.below(4))))
        } else {
          _ = sockets.removeFirst().receive()
        }
        let bytes = [UInt8](repeating: 7, count: 8 * Int(input.next()))
        try sockets.last?.send(bytes.span.bytes, to: Endpoint(Self.address(peer()), port: 9))
      }
    } catch {}
  }

  // MARK: The peers

  static func address(_ address: IPv4Address) -> IPAddress { .v4(address.rawValue) }

  func peer() -> IPv4Address { IPv4Address(10, 0, 0, UInt8(2 + input.below(6))) }

  func hardware(of address: IPv4Address) -> EthernetAddress {
    EthernetAddress(rawValue: 0x0200_0000_0000 + UInt64(address.rawValue & 0xff))
  }

  func frame(
    from hardware: EthernetAddress, _ type: EtherType, isGroup: Bool = false,
    _ write: (inout OutputRawSpan) -> Void
  ) {
    guard device.inbox.count < 64 else { return }
    let bytes = withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { memory in
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      EthernetHeader(
        destination: isGroup ? .broadcast : EthernetAddress(rawValue: device.hardwareAddress),
        source: hardware, type: type
      ).write(into: &output)
      write(&output)
      let count = output.byteCount
      return Array(memory[..<count])
    }
    device.inbox.append(bytes)
  }

  func packet(
    from source: IPv4Address, _ protocol: IPProtocol, _ byteCount: Int,
    _ write: (IPv4Header, inout OutputRawSpan) -> Void
  ) {
    let header = IPv4Header(
      source: source, destination: Self.ours, protocol: `protocol`, payloadByteCount: byteCount)
    frame(from: hardware(of: source), .ipv4) { output in
      header.write(into: &output)
      write(header, &output)
    }
  }

  func segment(_ header: TCPHeader, from source: IPv4Address, payload byteCount: Int) {
    packet(from: source, .tcp, header.byteCount + byteCount) { ip, output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) {
        Self.append(byteCount, at: header.sequenceNumber + (header.flags.contains(.syn) ? 1 : 0), to: &$0)
      }
    }
  }

  private func sendSYN() {
    let source = input.next() & 7 == 0 ? Self.ours : peer()
    let options = input.next()
    var header = TCPHeader(
      sourcePort: UInt16(1_000 + input.below(4)), destinationPort: UInt16(79 + input.below(3)),
      sequenceNumber: SequenceNumber(input.word()), acknowledgementNumber: SequenceNumber(0), flags: .syn,
      window: UInt16(input.next()) << 8)
    if options & 1 != 0 { header.options.maximumSegmentSize = UInt16(input.next()) << UInt16(options >> 6) }
    if options & 2 != 0 { header.options.windowScale = UInt8(input.below(15)) }
    if options & 4 != 0 { header.options.isSACKPermitted = true }
    if options & 8 != 0 { header.options.timestamps = TCPTimestamps(value: input.word(), echo: 0) }
    segment(header, from: source, payload: options & 16 != 0 ? input.below(100) : 0)
  }

  private func sendFitting() {
    guard let (header, session, byteCount) = fittingSegment() else { return }
    segment(header, from: session.remote, payload: byteCount)
  }

  /// What fits a connection, or lies a little beside: header, whose, bytes of payload.
  func fittingSegment() -> (TCPHeader, Session, Int)? {
    guard !device.sessions.isEmpty else { return nil }
    let index = input.below(device.sessions.count)
    let session = device.sessions[index]
    let twist = input.next()
    var number = session.next
    if twist & 1 != 0 { number = number + (Int(Int8(bitPattern: input.next())) * 16) }
    var expected = session.expected
    if twist & 2 != 0 { expected = expected + Int(Int8(bitPattern: input.next())) * 64 }
    var flags: TCPFlags = .ack
    if twist & 4 != 0 { flags = TCPFlags(rawValue: input.next()) }
    if twist & 8 != 0 { flags.insert(.fin) }
    var header = TCPHeader(
      sourcePort: session.remotePort, destinationPort: session.localPort, sequenceNumber: number,
      acknowledgementNumber: expected, flags: flags, window: twist & 16 != 0 ? UInt16(input.next()) : 0xffff)
    if twist & 32 != 0 { header.options.timestamps = TCPTimestamps(value: input.word(), echo: input.word()) }
    return (header, session, twist & 64 != 0 ? 5 * Int(input.next()) : 0)
  }

  private func sendARP() {
    let sender = peer()
    let kind = input.next()
    let packet = ARPPacket(
      operation: kind & 1 == 0 ? .request : .reply,
      senderHardware: hardware(of: sender), sender: kind & 14 == 14 ? Self.ours : sender,
      targetHardware: .zero, target: kind & 16 == 0 ? Self.ours : peer())
    frame(from: hardware(of: sender), .arp, isGroup: kind & 32 != 0) { packet.write(into: &$0) }
  }

  private func sendICMP() {
    let source = peer()
    let payload = Int(input.next())
    if input.next() & 1 == 0 {
      packet(from: source, .icmp, 8 + payload) { _, output in
        ICMPv4Kind.echoRequest(identifier: 1, sequence: 2).write(into: &output) { $0.append(zeros: payload) }
      }
      return
    }
    guard !device.sessions.isEmpty else { return }
    let session = device.sessions[input.below(device.sessions.count)]
    let code = UInt8(input.below(16))
    let quoted = IPv4Header(
      source: Self.ours, destination: session.remote, protocol: input.next() & 1 == 0 ? .tcp : .udp,
      payloadByteCount: 8)
    packet(from: source, .icmp, 36) { _, output in
      ICMPv4Kind.destinationUnreachable(code: code, nextHopMTU: 0).write(into: &output) {
        quoted.write(into: &$0)
        $0.append(bigEndian: session.localPort)
        $0.append(bigEndian: session.remotePort)
        $0.append(bigEndian: (session.expected - 1).rawValue)
      }
    }
  }

  private func sendDatagram() {
    let header = UDPHeader(sourcePort: 9, destinationPort: UInt16(input.below(4)))
    let byteCount = 5 * Int(input.next())
    packet(from: peer(), .udp, 8 + byteCount) { ip, output in
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) { $0.append(zeros: byteCount) }
    }
  }

  private func sendFragment() {
    let source = peer()
    let byteCount = 8 * Int(1 + input.next() & 0x7f)
    var ip = IPv4Header(
      source: source, destination: Self.ours,
      protocol: input.next() & 1 == 0 ? .udp : .tcp, payloadByteCount: byteCount)
    ip.dontFragment = false
    ip.identification = UInt16(input.below(3))
    ip.fragmentByteOffset = 8 * Int(input.next())
    ip.moreFragments = input.next() & 1 == 0
    frame(from: hardware(of: source), .ipv4) { output in
      ip.write(into: &output)
      output.append(zeros: byteCount)
    }
  }

  private func sendRaw() {
    let byteCount = input.below(80)
    var bytes: [UInt8] = []
    for _ in 0..<byteCount { bytes.append(input.next()) }
    let type = [EtherType.ipv4, .arp, EtherType(rawValue: 0x86dd)][input.below(3)]
    frame(from: hardware(of: peer()), type) { $0.append(contentsOf: bytes.span.bytes) }
  }

  func step() {
    switch input.below(26) {
    case 0, 1: sendSYN()
    case 2...7: sendFitting()
    case 8: sendARP()
    case 9: sendICMP()
    case 10: sendDatagram()
    case 11: sendFragment()
    case 12: sendRaw()
    case 13...16: callProgram()
    case 17: device.isFull = input.next() & 3 == 0
    case 18: turn(after: UInt64(input.next()) * 200_000_000)
    case 20: establish(from: peer(), port: UInt16(79 + input.below(3)), beginningAt: input.word())
    case 21: answerDHCP()
    case 22: answerDNS()
    case 23: lookUp()
    case 24: sendInFragments()
    default: turn(after: 1_000)
    }
    if input.next() & 1 == 0 { turn(after: 1_000) }
  }
}
