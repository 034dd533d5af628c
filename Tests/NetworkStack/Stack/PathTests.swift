import Bytes
import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

/// What lies between the left stack and the right one: it takes packets up to its MTU, and says what it took not.
private final class Router {
  /// What the wire holds of it.
  private final class Link {
    var mtu: Int
    var refused: [(SeenSegment, byteCount: Int)] = []

    init(mtu: Int) { self.mtu = mtu }
  }

  let pair: StackPair
  private let link: Link
  var mtu: Int {
    get { link.mtu }
    set { link.mtu = newValue }
  }

  init(_ pair: StackPair, mtu: Int) {
    self.pair = pair
    let link = Link(mtu: mtu)
    self.link = link
    pair.wire.script = [
      ScriptedDrop(1...Int.max) { segment in
        let byteCount = 20 + segment.header.byteCount + segment.payloadByteCount
        guard segment.source == IPv6Address(mapped: StackPair.leftAddress), byteCount > link.mtu else {
          return false
        }
        link.refused.append((segment, byteCount))
        return true
      }
    ]
  }

  /// Packets that were too large since somebody last asked.
  func takeRefused() -> Int {
    defer { link.refused = [] }
    return link.refused.count
  }

  /// Says of each packet that it was too large, and that `mtu` would pass.
  func tell(_ mtu: Int? = nil) {
    let told = link.refused
    link.refused = []
    for (segment, byteCount) in told {
      pair.sendTooBig(segment.header, byteCount: byteCount - 20, mtu: mtu ?? self.mtu)
    }
  }
}

@Suite struct `The path's MTU` {
  private func pair(_ isOffloaded: Bool) -> StackPair {
    var options = SimulatedDeviceOptions()
    if isOffloaded { options.offload = [.transmitChecksum, .transmitSegmentation] }
    let pair = StackPair(options: options)
    pair.wire.invariants = WireInvariants()
    pair.wire.invariants?.allowsDuplicateSACK = true
    return pair
  }

  private func connect(_ pair: StackPair, _ listener: any Listener) throws -> (StackStream, any ByteStream) {
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run(for: .milliseconds(5))
    return (client, try #require(try listener.accept()))
  }

  @Test(arguments: [false, true])
  func `is what a router says, for the connection and for those that follow`(isOffloaded: Bool) throws {
    let pair = pair(isOffloaded)
    let router = Router(pair, mtu: 1400)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let (client, server) = try connect(pair, listener)
    let chunk = [UInt8](repeating: 1, count: 60_000)
    #expect(try client.send(chunk.span.bytes) == 60_000)
    pair.run(for: .microseconds(100))
    router.tell()
    pair.run(for: .milliseconds(50))
    #expect(try server.readAll() == 60_000)
    #expect(router.takeRefused() == 0)
    let counters = pair.left.tcpCounters
    #expect(counters.pathReductions == 1 && counters.timeouts == 0 && counters.blackHoles == 0)
    #expect(pair.left.paths.count == 1)
    let (second, other) = try connect(pair, listener)
    #expect(try pair.exchange(200_000, from: second, to: other) == 200_000)
    #expect(router.takeRefused() == 0)
    // After ten minutes both try again what they agreed on. The path takes it by now.
    router.mtu = 1500
    pair.run(for: .seconds(601))
    #expect(pair.left.paths.count == 0)
    for (sender, receiver) in [(client, server), (second, other)] {
      #expect(try pair.exchange(100_000, from: sender, to: receiver) == 100_000)
    }
    #expect(pair.left.paths.count == 0 && counters.timeouts == 0)
    #expect(pair.wire.reports.isEmpty, "\(pair.wire.reports)")
  }

  @Test(arguments: [false, true])
  func `is found without a router's word, once for all connections to a host`(isOffloaded: Bool) throws {
    let pair = pair(isOffloaded)
    let router = Router(pair, mtu: 1300)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let (client, server) = try connect(pair, listener)
    #expect(try pair.exchange(300_000, from: client, to: server) == 300_000)
    let counters = pair.left.tcpCounters
    #expect(counters.blackHoles == 1 && counters.timeouts <= 3)
    #expect(router.takeRefused() > 0)
    let (second, other) = try connect(pair, listener)
    #expect(try pair.exchange(300_000, from: second, to: other) == 300_000)
    #expect(router.takeRefused() == 0 && counters.timeouts <= 3)
    #expect(pair.wire.reports.isEmpty, "\(pair.wire.reports)")
  }

  @Test func `is not made small by who does not see the connection`() throws {
    let pair = pair(false)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let (client, server) = try connect(pair, listener)
    pair.wire.script = [ScriptedDrop(1...Int.max) { $0.payloadByteCount > 0 }]
    _ = try client.send([UInt8](repeating: 1, count: 10_000).span.bytes)
    var numbers = SplitMix64(seed: 5)
    var header = TCPHeader(
      sourcePort: client.local.port, destinationPort: 80, sequenceNumber: SequenceNumber(0),
      acknowledgementNumber: SequenceNumber(0), flags: .ack, window: 0)
    for _ in 0..<2_000 {
      header.sequenceNumber = SequenceNumber(UInt32(truncatingIfNeeded: numbers.next()))
      pair.sendTooBig(header, byteCount: 1480, mtu: 68)
    }
    // Nor does a connection end, whatever else ICMP says about it (RFC 5927 §5.2).
    for code in 0..<16 as Range<UInt8> where code != 4 {
      pair.sendTooBig(header, byteCount: 1480, mtu: 0, code: code)
    }
    #expect(pair.left.tcpCounters.droppedPathClaims == 2_000 && pair.left.paths.count == 0)
    pair.wire.script = []
    pair.run(for: .seconds(1))
    #expect(try server.readAll() == 10_000)
    #expect(pair.left.tcpCounters.pathReductions == 0)
  }

  @Test func `is never below 552 bytes, whatever a router says`() throws {
    let pair = pair(false)
    let router = Router(pair, mtu: 1400)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let (client, server) = try connect(pair, listener)
    _ = try client.send([UInt8](repeating: 1, count: 10_000).span.bytes)
    pair.run(for: .microseconds(100))
    router.tell(0)
    pair.run(for: .milliseconds(50))
    #expect(try server.readAll() == 10_000)
    #expect(pair.left.paths.segmentByteCount(to: IPv6Address(mapped: StackPair.rightAddress)) == 512)
  }

  @Test func `TCP's packets may not be fragmented, others may`() throws {
    let pair = StackPair()
    pair.introduceStranger()
    pair.sendSegment(.syn, from: 1_000, to: 81)
    pair.sendDatagram(to: 9_999)
    pair.run(for: .milliseconds(1))
    #expect(pair.heardPackets(.tcp) { $0.dontFragment && $0.identification == 0 } == [true])
    #expect(pair.heardPackets(.icmp) { $0.dontFragment } == [false])
  }
}

@Suite struct `What is known of paths` {
  private func host(_ number: Int) -> IPv6Address { IPv6Address(high: 1, low: UInt64(number)) }

  @Test func `is bounded, and forgotten after ten minutes`() {
    var table = PathTable()
    var now = Instant(nanoseconds: 1)
    for number in 0..<200 {
      table.note(host(number), segmentByteCount: number, at: now)
      now = now.advanced(byNanoseconds: 1_000_000_000)
    }
    #expect(table.count == PathTable.maximumCount)
    #expect(table.segmentByteCount(to: host(167)) == nil && table.segmentByteCount(to: host(168)) == 168)
    // Found anew, it begins anew.
    table.note(host(168), segmentByteCount: 5, at: now)
    #expect(table.segmentByteCount(to: host(168)) == 5 && table.count == PathTable.maximumCount)
    #expect(table.nextExpired(at: now) == nil)
    now = now.advanced(byNanoseconds: PathTable.lifetime - 1)
    var expired = 0
    while table.nextExpired(at: now) != nil { expired += 1 }
    #expect(expired == PathTable.maximumCount - 1 && table.segmentByteCount(to: host(168)) == 5)
    #expect(table.deadline == now.advanced(byNanoseconds: 1))
    #expect(table.nextExpired(at: table.deadline) == host(168) && table.deadline == .never)
  }
}

extension ByteStream {
  /// Reads all there is; returns how many bytes that was.
  func readAll() throws(NetworkError) -> Int {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { memory.deallocate() }
    var total = 0
    while true {
      var room = OutputRawSpan(buffer: memory, initializedCount: 0)
      guard case .bytes(let count) = try receive(into: &room) else { return total }
      total += count
    }
  }
}

extension StackPair {
  /// The stranger's claim that a segment of the left stack could not be delivered: for it was too large, or by `code`.
  func sendTooBig(
    _ header: TCPHeader, byteCount: Int, mtu: Int, code: UInt8 = ICMPv4Kind.Unreachable.fragmentationNeeded
  ) {
    let quoted = IPv4Header(
      source: Self.leftAddress, destination: Self.rightAddress, protocol: .tcp, payloadByteCount: byteCount)
    say(.icmp, byteCount: 8 + 28, to: Self.leftAddress) { _, output in
      ICMPv4Kind.destinationUnreachable(code: code, nextHopMTU: UInt16(mtu)).write(into: &output) {
        quoted.write(into: &$0)
        $0.append(bigEndian: header.sourcePort)
        $0.append(bigEndian: header.destinationPort)
        $0.append(bigEndian: header.sequenceNumber.rawValue)
      }
    }
    run(for: .microseconds(1))
  }
}
