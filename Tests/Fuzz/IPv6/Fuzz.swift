import Bytes
import EventLoop
import NetworkStack
import Platform
import TCP
import Wire

/// Reads the input as what happens to a stack of IPv6 that configures itself: routers, neighbours and peers that are
/// right, wrong or hostile; calls of its program; and time. What it sends must be valid, what one frame makes it send
/// is bounded, its limits hold, and in the end nothing is left.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let world = World(UnsafeBufferPointer(start: start, count: count))
  let isAbandoned = world.input.next() & 1 == 1
  for _ in 0..<600 where !world.input.isEmpty {
    world.step()
    world.check()
  }
  if !isAbandoned { world.end() }
  world.abandon()
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
  mutating func flag() -> Bool { next() & 1 == 1 }
  mutating func word() -> UInt32 { (0..<4).reduce(0) { word, _ in word << 8 | UInt32(next()) } }
}

final class ManualClock: Clock {
  var now = Instant(nanoseconds: 1_000_000_000)
  var wallTime: WallTime { WallTime(nanosecondsSinceEpoch: Int64(now.nanoseconds)) }
}

/// A loop without tasks, which never waits.
final class IdleDriver: LoopDriver {
  func start(_ body: @escaping () async -> Void) { preconditionFailure("no task is expected") }
  func runJobs() -> Bool { false }
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

/// A stack, its program, its link and whoever is on it.
final class World {
  var input: Input
  let clock = ManualClock()
  let loop: EventLoop
  let device = Device()
  var stack: NetworkStack?
  let interface: Interface
  let configuration: StackConfiguration
  var listener: (any Listener)?
  var streams: [StackStream] = []
  var socket: UDPSocket?

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    input = Input(bytes)
    loop = EventLoop(driver: IdleDriver(), clock: clock)
    var configuration = StackConfiguration()
    configuration.maximumConnectionCount = 8
    configuration.maximumHandshakeCount = 4
    configuration.maximumTimeWaitCount = 4
    configuration.maximumDatagramQueueByteCount = 2_000
    configuration.bufferBudgetByteCount = 16 * Connection.admissionByteCount(configuration.tcp)
    self.configuration = configuration
    let stack = NetworkStack(loop: loop, entropy: Counting(), configuration: configuration)
    self.stack = stack
    interface = stack.attach(device, addressing: .none, ipv6: .automatic)
    do throws(NetworkError) {
      listener = try stack.listen(on: Endpoint(.any, port: 80))
      socket = try stack.bind(port: 7)
    } catch {
      preconditionFailure("the ports are free")
    }
  }

  func check() {
    guard let stack else { return }
    precondition(stack.connectionCount <= configuration.maximumConnectionCount, "too many connections")
    let limit = stack.pool.budgetByteCount + stack.pool.reserveByteCount
    precondition(stack.pool.committedByteCount <= limit, "more memory than there is")
    precondition(interface.ipv6Addresses.count <= 8, "too many addresses")
  }

  /// Everything is closed, and a long time passes: nothing is left.
  func end() {
    device.isFull = false
    listener?.close()
    for stream in streams { stream.close() }
    streams.removeAll()
    socket?.close()
    for _ in 0..<150 { turn(after: 4_000_000_000) }
    guard let stack else { return }
    _ = stack.figures
    precondition(stack.connectionCount == 0, "a connection that never ends")
    precondition(stack.pool.committedByteCount == 0 && stack.pool.usedByteCount == 0, "memory is lost")
  }

  /// The stack goes first.
  func abandon() {
    stack = nil
    streams.removeAll()
    listener?.close()
    socket?.close()
    for _ in 0..<10 { turn(after: 1_000_000_000) }
    // The loop forgets a timer when its time has come; the next question for a router may be an hour away.
    turn(after: 100_000_000_000_000)
  }

  func turn(after nanoseconds: UInt64) {
    clock.now = clock.now.advanced(byNanoseconds: nanoseconds)
    device.sentCount = 0
    let count = device.inbox.count
    loop.turn()
    _ = interface.poll()
    // Timers of all that there is, and a few for each frame.
    precondition(device.sentCount <= 400 + 16 * count, "a storm")
  }

  // MARK: Who there is

  private static let prefixes: [UInt64] = (0..<12).map { 0x2001_0db8 << 32 | $0 }
  private static let linkPrefix: UInt64 = 0xfe80 << 48

  static func hardware(of address: IPv6Address) -> EthernetAddress {
    EthernetAddress(rawValue: 0x0200_0000_0000 + (address.low & 0xff) + 2)
  }

  /// An address of ours, if there is one.
  private func ours() -> IPv6Address {
    let all = interface.ipv6Addresses
    return all.isEmpty ? .allNodes : all[input.below(all.count)]
  }

  private func peer() -> IPv6Address {
    let choice = input.next()
    let prefix = choice & 0x80 == 0 ? Self.linkPrefix : Self.prefixes[Int(choice >> 4 & 3)]
    return IPv6Address(high: prefix, low: UInt64(choice & 7) + 2)
  }

  /// Anybody: peers, ourselves, groups, nobody, and addresses that nobody may have.
  private func anybody() -> IPv6Address {
    switch input.below(10) {
    case 0...3: return peer()
    case 4, 5: return ours()
    case 6: return ours().solicitedNode
    case 7: return .allNodes
    case 8: return .unspecified
    default: return IPv6Address(mapped: IPv4Address(rawValue: input.word()))
    }
  }

  /// A frame to us.
  static func frame(from source: IPv6Address, _ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 8) { memory in
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      EthernetHeader(
        destination: EthernetAddress(rawValue: 0x0200_0000_0001), source: hardware(of: source), type: .ipv6
      ).write(into: &output)
      write(&output)
      let count = output.byteCount
      return Array(memory[..<count])
    }
  }

  private func put(_ source: IPv6Address, isGroup: Bool = false, _ write: (inout OutputRawSpan) -> Void) {
    guard device.inbox.count < 64 else { return }
    var bytes = Self.frame(from: source, write)
    if isGroup { bytes[0] = 0x33 }
    device.inbox.append(bytes)
  }

  private func icmp(
    _ kind: ICMPv6Kind, from source: IPv6Address, to destination: IPv6Address, hopLimit: UInt8,
    _ payload: [UInt8]
  ) {
    var header = IPv6Header(
      source: source, destination: destination, protocol: .icmpv6, payloadByteCount: 8 + payload.count)
    header.hopLimit = hopLimit
    put(source, isGroup: destination.isMulticast) { output in
      header.write(into: &output)
      kind.write(into: &output, seal: .full(pseudoHeader: header.pseudoHeader)) {
        $0.append(contentsOf: payload.span.bytes)
      }
    }
  }

  private func bytes(_ address: IPv6Address) -> [UInt8] {
    [address.high, address.low].flatMap { half in (0..<8).map { UInt8(half >> (56 - 8 * UInt64($0)) & 255) } }
  }

  // MARK: What they do

  private func sendNeighbourMessage() {
    let twist = input.next()
    let target = anybody()
    var message =
      twist & 1 == 0
      ? NeighbourMessage.question(about: target, from: anybody(), hardware: Self.hardware(of: target))
      : NeighbourMessage.probe(for: target, nonce: UInt64(twist)).answer(hardware: Self.hardware(of: target))
    if twist & 2 != 0 { message.destination = anybody() }
    if twist & 4 != 0 { message.hardware = nil }
    if twist & 8 != 0 {
      message.kind = .advertisement(
        isRouter: twist & 16 != 0, isSolicited: twist & 32 != 0, isOverride: twist & 64 != 0)
    }
    put(message.source, isGroup: message.destination.isMulticast) { message.writePacket(into: &$0) }
  }

  private func sendProbe() {
    let probe = NeighbourMessage.probe(for: anybody(), nonce: UInt64(input.next()))
    put(probe.source, isGroup: true) { probe.writePacket(into: &$0) }
  }

  private func sendRouterAdvertisement() {
    let router = IPv6Address(high: Self.linkPrefix, low: UInt64(2 + input.below(7)))
    var options: [UInt8] = []
    for _ in 0..<input.below(5) {
      switch input.below(6) {
      case 0...2:
        let prefix = input.flag() ? Self.prefixes[input.below(12)] : Self.linkPrefix
        let flags = input.next()
        options += [3, 4, flags & 15 == 0 ? input.next() : 64, flags]
        for _ in 0..<2 { options += [0, 0, input.next(), input.next()] }
        options += [0, 0, 0, 0] + bytes(IPv6Address(high: prefix, low: 0))
      case 3: options += [5, 1, 0, 0, 0, 0, input.next(), input.next()]
      case 4: options += [25, 3, 0, 0, 0, 0, input.next(), input.next()] + bytes(anybody())
      default: options += [input.next(), UInt8(input.below(3)), 2, 0, 0, 0, 0, UInt8(router.low) + 2]
      }
    }
    let rest = UInt32(input.next()) << 24 | UInt32(input.next()) << 16 | UInt32(input.next())
    icmp(
      .other(type: NDPType.routerAdvertisement, code: 0, rest: rest), from: router, to: .allNodes,
      hopLimit: 255, [UInt8](repeating: 0, count: 8) + options)
  }

  /// Echoes, errors about what we may have sent, queries for groups, and what nobody knows.
  private func sendICMP() {
    let destination = anybody()
    switch input.below(5) {
    case 0:
      icmp(
        .echoRequest(identifier: 1, sequence: 2), from: anybody(), to: destination, hopLimit: 64,
        [UInt8](repeating: 7, count: 10 * Int(input.next())))
    case 1, 2:
      let quoted = IPv6Header(
        source: ours(), destination: peer(), protocol: input.flag() ? .tcp : .udp, payloadByteCount: 8)
      let quote = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { memory in
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        quoted.write(into: &output)
        output.append(bigEndian: UInt64(input.word()) << 32 | UInt64(input.word()))
        let count = output.byteCount
        return Array(memory[..<count])
      }
      icmp(
        .other(type: UInt8(1 + input.below(5)), code: UInt8(input.below(8)), rest: input.word()),
        from: anybody(), to: destination, hopLimit: 64, quote)
    case 3:
      icmp(
        .other(type: 130, code: 0, rest: input.word()), from: peer(), to: destination,
        hopLimit: input.flag() ? 1 : 64, bytes(anybody()))
    default:
      icmp(
        .other(type: input.next(), code: 0, rest: input.word()), from: anybody(), to: destination,
        hopLimit: 255, [UInt8](repeating: 0, count: Int(input.next())))
    }
  }

  private func sendSegment() {
    let header = TCPHeader(
      sourcePort: UInt16(1_000 + input.below(4)), destinationPort: UInt16(79 + input.below(3)),
      sequenceNumber: SequenceNumber(input.word() & 0xff),
      acknowledgementNumber: SequenceNumber(input.word()),
      flags: input.flag() ? .syn : TCPFlags(rawValue: input.next()), window: 0xffff)
    let ip = IPv6Header(
      source: anybody(), destination: ours(), protocol: .tcp, payloadByteCount: header.byteCount)
    put(ip.source) { output in
      ip.write(into: &output)
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader))
    }
  }

  private func sendDatagram() {
    let header = UDPHeader(sourcePort: 9, destinationPort: UInt16(6 + input.below(3)))
    let byteCount = 5 * Int(input.next())
    let ip = IPv6Header(
      source: anybody(), destination: anybody(), protocol: .udp, payloadByteCount: 8 + byteCount)
    put(ip.source, isGroup: ip.destination.isMulticast) { output in
      ip.write(into: &output)
      header.write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) { $0.append(zeros: byteCount) }
    }
  }

  /// Extension headers, of which the last may be a fragment's, and something behind them.
  private func sendChain() {
    let kinds: [IPProtocol] = [.hopByHop, .routing, .destinationOptions, .fragment, .udp, .nothing, .icmpv6]
    var behind: [UInt8] = []
    var first = kinds[input.below(kinds.count)]
    let start = first
    for _ in 0..<input.below(6) {
      let next = kinds[input.below(kinds.count)]
      if first == .fragment {
        let offset = input.flag() ? UInt16(input.next()) << 3 : 0
        let more: UInt16 = input.flag() ? 1 : 0
        behind += [next.rawValue, 0, UInt8(offset >> 8), UInt8(offset & 255) | UInt8(more)]
        behind += [0, 0, 0, UInt8(input.below(3))]
      } else {
        let length = input.below(3)
        behind += [next.rawValue, UInt8(length)]
        let isPadding = input.flag()
        if isPadding {
          for place in 0..<6 + 8 * length { behind.append(place % 8 == 0 ? 0x1e : place % 8 == 1 ? 6 : 0) }
        } else {
          for _ in 0..<6 + 8 * length { behind.append(input.next()) }
        }
      }
      first = next
    }
    behind += [UInt8](repeating: 0, count: 8 * input.below(20) + (input.next() & 31 == 0 ? 1 : 0))
    let ip = IPv6Header(
      source: peer(), destination: anybody(), protocol: start, payloadByteCount: behind.count)
    put(ip.source, isGroup: ip.destination.isMulticast) { output in
      ip.write(into: &output)
      output.append(contentsOf: behind.span.bytes)
    }
  }

  private func sendRaw() {
    var bytes: [UInt8] = []
    for _ in 0..<input.below(120) { bytes.append(input.next()) }
    if !bytes.isEmpty { bytes[0] = 0x60 }
    put(peer()) { $0.append(contentsOf: bytes.span.bytes) }
  }

  private func callProgram() {
    guard let stack else { return }
    let stream = streams.isEmpty ? nil : streams[input.below(streams.count)]
    let other = peer()
    let address = IPAddress.v6(other.high, other.low)
    do throws(NetworkError) {
      switch input.below(6) {
      case 0: if let accepted = try listener?.accept() as? StackStream { streams.append(accepted) }
      case 1:
        let bytes = [UInt8](repeating: 7, count: 1 + 40 * Int(input.next()))
        _ = try stream?.send(bytes.span.bytes)
      case 2: stream?.close()
      case 3: if streams.count < 8 { streams.append(try stack.open(to: Endpoint(address, port: 80))) }
      case 4: _ = socket?.receive()
      default:
        let bytes = [UInt8](repeating: 7, count: 8 * Int(input.next()))
        try socket?.send(bytes.span.bytes, to: Endpoint(address, port: 9))
      }
    } catch {}
  }

  func step() {
    switch input.below(20) {
    case 0...2: sendNeighbourMessage()
    case 3: sendProbe()
    case 4...6: sendRouterAdvertisement()
    case 7, 8: sendICMP()
    case 9: sendSegment()
    case 10: sendDatagram()
    case 11, 12: sendChain()
    case 13: sendRaw()
    case 14, 15: callProgram()
    case 16: device.isFull = input.next() & 3 == 0
    case 17: turn(after: UInt64(input.next()) * 200_000_000)
    case 18: turn(after: UInt64(input.next()) * 60_000_000_000)
    default: turn(after: 1_000_000_000)
    }
    if input.flag() { turn(after: 1_000) }
  }
}
