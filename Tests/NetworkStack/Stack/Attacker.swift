import Bytes
import NetworkSimulation
import Platform
import TCP
import Wire

@testable import NetworkStack

/// Somebody on the link who means the right stack harm: frames of every kind, drawn from a seed. Sees no segment of the
/// connection between the others, but knows its ends.
struct Attacker {
  let pair: StackPair
  /// The honest client's port.
  let clientPort: UInt16
  private var numbers: SplitMix64

  init(_ pair: StackPair, clientPort: UInt16, seed: UInt64) {
    self.pair = pair
    self.clientPort = clientPort
    numbers = SplitMix64(seed: seed)
  }

  /// One more frame.
  mutating func strike() {
    switch numbers.below(12) {
    case 0: pair.sendSegment(.syn, from: port(), source: host(), number: word(), runs: false)
    case 1, 2: guess()
    case 3: flags()
    case 4: options()
    case 5: land()
    case 6, 7: fragment()
    case 8: message()
    case 9: neighbour()
    case 10: datagram()
    default: garbage()
    }
  }

  private mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: numbers.next()) }

  private mutating func port() -> UInt16 { 1024 + UInt16(numbers.below(60_000)) }

  /// Somebody that is not one of the others.
  private mutating func host() -> IPv4Address {
    numbers.chance(0.5)
      ? IPv4Address(10, 0, 0, 10 + UInt8(numbers.below(200)))
      : IPv4Address(rawValue: 0x0b00_0000 | word() >> 8)
  }

  /// A segment of the honest connection, but for its numbers: RST, SYN, data, ACK (RFC 5961).
  private mutating func guess() {
    let kinds: [TCPFlags] = [.rst, [.rst, .ack], .syn, [.syn, .ack], .ack, [.fin, .ack], [.psh, .ack]]
    pair.sendSegment(
      kinds[Int(numbers.below(7))], from: clientPort, source: StackPair.leftAddress, number: word(),
      acknowledgement: word(), runs: false)
  }

  /// Null, Xmas, and whatever flags are possible.
  private mutating func flags() {
    let flags = TCPFlags(rawValue: UInt8(numbers.below(256)))
    pair.sendSegment(
      flags, from: port(), source: host(), to: numbers.chance(0.7) ? 80 : port(), number: word(),
      acknowledgement: word(), runs: false)
  }

  /// A SYN or ACK with options that are none: of wrong lengths, without end, unknown, twice.
  private mutating func options() {
    var bytes = [UInt8](repeating: 0, count: 4 * Int(numbers.below(11)))
    for index in bytes.indices { bytes[index] = UInt8(numbers.below(numbers.chance(0.8) ? 12 : 256)) }
    let source = host()
    let sum = InternetChecksum.pseudoHeader(
      source: source, destination: StackPair.rightAddress, protocol: .tcp, byteCount: 20 + bytes.count)
    // Sometimes the header claims to be longer, or shorter, than it is.
    let words = numbers.chance(0.9) ? 5 + bytes.count / 4 : Int(numbers.below(16))
    let fields = (port(), word(), word(), UInt8(numbers.chance(0.5) ? 2 : 16))
    pair.say(.tcp, byteCount: 20 + bytes.count, from: source) { _, output in
      let start = output.byteCount
      output.append(bigEndian: fields.0)
      output.append(bigEndian: UInt16(80))
      output.append(bigEndian: fields.1)
      output.append(bigEndian: fields.2)
      output.append(UInt8(words << 4))
      output.append(fields.3)
      output.append(bigEndian: UInt32(0))
      output.append(bigEndian: UInt16(0))
      output.append(contentsOf: bytes.span.bytes)
      var checksum = sum
      checksum.add(output.bytes.extracting(start..<output.byteCount))
      output.overwrite(at: start + 16, bigEndian: checksum.value)
    }
  }

  private mutating func land() {
    pair.sendSegment(.syn, from: 80, source: StackPair.rightAddress, number: word(), runs: false)
  }

  /// Pieces of packets that never come whole, overlap, end twice, or stand beyond 65,535; some so small that they cut
  /// the header of TCP (RFC 1858).
  private mutating func fragment() {
    let isTiny = numbers.chance(0.5)
    let count = isTiny ? 8 : 8 * (1 + Int(numbers.below(180)))
    var header = IPv4Header(
      source: numbers.chance(0.3) ? StackPair.leftAddress : host(), destination: StackPair.rightAddress,
      protocol: numbers.chance(0.5) ? .tcp : .udp, payloadByteCount: count)
    header.dontFragment = numbers.chance(0.1)
    header.identification = UInt16(numbers.below(numbers.chance(0.5) ? 4 : 65_536))
    header.fragmentByteOffset = 8 * Int(numbers.below(isTiny ? 4 : 8_000))
    header.fragmentByteOffset = min(header.fragmentByteOffset, (0xffff - 20 - count) & ~7)
    header.moreFragments = numbers.chance(0.9)
    let filling = UInt8(numbers.below(256))
    pair.say(.ipv4, to: pair.rightInterface.hardware) { output in
      header.write(into: &output)
      for _ in 0..<count { output.append(filling) }
    }
  }

  /// ICMP that lies about the honest connection (RFC 5927), or about nothing.
  private mutating func message() {
    let quoted = IPv4Header(
      source: StackPair.rightAddress, destination: StackPair.leftAddress, protocol: .tcp,
      payloadByteCount: 1480)
    let (code, mtu, number) = (UInt8(numbers.below(16)), UInt16(numbers.below(1500)), word())
    let kinds: [ICMPv4Kind] = [
      .destinationUnreachable(code: code, nextHopMTU: mtu), .other(type: 4, code: 0, rest: 0),
      .redirect(code: 1, gateway: StackPair.strangerAddress), .timeExceeded(code: code & 1),
      .parameterProblem(code: 0, pointer: code), .other(type: code, code: code, rest: number),
    ]
    let kind = kinds[Int(numbers.below(6))]
    let ports = (UInt16(80), clientPort)
    let length = Int(numbers.below(29))
    pair.say(.icmp, byteCount: 8 + length, from: host()) { _, output in
      kind.write(into: &output) { output in
        let start = output.byteCount
        quoted.write(into: &output)
        output.append(bigEndian: ports.0)
        output.append(bigEndian: ports.1)
        output.append(bigEndian: number)
        output.removeLast(output.byteCount - start - length)
      }
    }
  }

  /// ARP of everybody but the others: requests, answers nobody asked for, claims that change.
  private mutating func neighbour() {
    let packet = ARPPacket(
      operation: numbers.chance(0.5) ? .request : .reply,
      senderHardware: EthernetAddress(rawValue: 0x0200_0001_0000 + numbers.below(65_536)),
      sender: IPv4Address(10, 0, 0, 10 + UInt8(numbers.below(240))), targetHardware: .zero,
      target: numbers.chance(0.8) ? StackPair.rightAddress : IPv4Address(10, 0, 0, 77))
    pair.say(.arp, to: .broadcast) { packet.write(into: &$0) }
  }

  private mutating func datagram() {
    let (from, to) = (port(), port())
    pair.say(.udp, byteCount: 12, from: host()) { ip, output in
      UDPHeader(sourcePort: from, destinationPort: to).write(
        into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)
      ) { $0.append(bigEndian: UInt32(1)) }
    }
  }

  /// What only begins like IP.
  private mutating func garbage() {
    let count = Int(numbers.below(60))
    var bytes = (0..<count).map { _ in UInt8(numbers.below(256)) }
    if count > 0, numbers.chance(0.8) { bytes[0] = numbers.chance(0.5) ? 0x45 : 0x4f }
    pair.say(.ipv4, to: pair.rightInterface.hardware) { $0.append(contentsOf: bytes.span.bytes) }
  }
}
