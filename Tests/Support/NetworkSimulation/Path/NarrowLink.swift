// RFC 791 §3.2, RFC 8200 §4.5, RFC 1191, RFC 8201 and RFC 4459 before changing this file.

import Bytes
import Wire

/// A link in the middle that is narrower than those at the ends, in the direction it stands in: with another one, or
/// none, the other way the path's MTU is asymmetric. Extension headers of IPv6 it does not know, but fragments.
final class NarrowLink: PathStage {
  /// What it does with a packet that is too large.
  enum Manner: Sendable, Equatable {
    /// Cuts it into fragments whatever its sender wants, as tunnels do (RFC 4459 §3.2), and translators of IPv4 to IPv6.
    case fragments
    /// Drops it and says so (RFC 1191 §4, RFC 4443 §3.2).
    case reports
    /// Drops it. Who sends it has to find out.
    case swallows
  }

  private static let router: UInt64 = 0x0200_0000_00fe
  private static let routerAddress = IPv4Address(10, 0, 0, 254)
  private static let routerAddress6 = IPv6Address(high: 0xfd00 << 48, low: 0xfe)
  /// What an error quotes behind the IP header (RFC 792); of IPv6 it quotes what the smallest MTU takes.
  private static let quotedByteCount = 8

  private let maximumTransmissionUnit: Int
  private let manner: Manner
  private var identification: UInt32 = 0

  /// A link for packets of up to `maximumTransmissionUnit` bytes.
  init(maximumTransmissionUnit: Int, manner: Manner) {
    self.maximumTransmissionUnit = maximumTransmissionUnit
    self.manner = manner
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    let memory = frame.memory
    let isIPv4 = memory[12] == 8 && memory[13] == 0 && memory[14] == 0x45
    let isIPv6 = memory[12] == 0x86 && memory[13] == 0xdd
    guard frame.byteCount - 14 > maximumTransmissionUnit, isIPv4 || isIPv6 else { return hop.pass(frame) }
    switch manner {
    case .fragments: if isIPv6 { cut6(frame, at: hop) } else { cut(frame, at: hop) }
    case .swallows: break
    case .reports: if isIPv6 { report6(frame, at: hop) } else { report(frame, at: hop) }
    }
    hop.drop(frame, manner == .fragments ? "cut" : "too large for the path")
  }

  private func cut(_ frame: FrameBuffer, at hop: Hop) {
    let header = 34
    // It may be a fragment itself.
    let field = Int(frame.memory[20]) << 8 | Int(frame.memory[21])
    let before = field & 0x1fff
    var number = UInt16(frame.memory[18]) << 8 | UInt16(frame.memory[19])
    if field & 0x3fff == 0 {
      identification &+= 1
      number = UInt16(truncatingIfNeeded: identification)
    }
    let step = (maximumTransmissionUnit - 20) & ~7
    for offset in stride(from: header, to: frame.byteCount, by: step) {
      let count = min(step, frame.byteCount - offset)
      let piece = hop.makeFrame(byteCount: header + count)
      piece.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[..<header]))
      UnsafeMutableRawBufferPointer(rebasing: piece.memory[header...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[offset..<offset + count]))
      let isLast = offset + count == frame.byteCount && field & 0x2000 == 0
      piece.store16(UInt16(20 + count), at: 16)
      piece.store16(number, at: 18)
      piece.store16(UInt16(before + (offset - header) / 8) | (isLast ? 0 : 0x2000), at: 20)
      piece.store16(0, at: 24)
      // The span lives within this statement only, and so does the memory.
      let sum = InternetChecksum(
        of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: piece.bytes[14..<34])))
      piece.store16(sum.value, at: 24)
      hop.pass(piece)
    }
  }

  private func cut6(_ frame: FrameBuffer, at hop: Hop) {
    let header = 54 + IPv6FragmentHeader.byteCount
    let isFragment = frame.memory[20] == IPProtocol.fragment.rawValue
    let start = isFragment ? header : 54
    var fragment = IPv6FragmentHeader(
      protocol: IPProtocol(rawValue: frame.memory[isFragment ? 54 : 20]), byteOffset: 0, moreFragments: false,
      identification: 0)
    // It may be a fragment itself.
    let field = isFragment ? Int(frame.memory[56]) << 8 | Int(frame.memory[57]) : 0
    if isFragment {
      fragment.identification = (58..<62).reduce(0) { $0 << 8 | UInt32(frame.memory[$1]) }
    } else {
      identification &+= 1
      fragment.identification = identification
    }
    let step = (maximumTransmissionUnit - 48) & ~7
    for offset in stride(from: start, to: frame.byteCount, by: step) {
      let count = min(step, frame.byteCount - offset)
      fragment.byteOffset = (field & ~7) + offset - start
      fragment.moreFragments = offset + count < frame.byteCount || field & 1 != 0
      let piece = hop.makeFrame(byteCount: header + count)
      piece.memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[..<54]))
      var output = OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(rebasing: piece.memory[54..<header]), initializedCount: 0)
      fragment.write(into: &output)
      precondition(output.byteCount == IPv6FragmentHeader.byteCount)
      UnsafeMutableRawBufferPointer(rebasing: piece.memory[header...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[offset..<offset + count]))
      piece.store16(UInt16(IPv6FragmentHeader.byteCount + count), at: 18)
      piece.memory[20] = IPProtocol.fragment.rawValue
      hop.pass(piece)
    }
  }

  private func report6(_ frame: FrameBuffer, at hop: Hop) {
    let quoted = min(frame.byteCount - 14, IPv6Packet.minimumMTU - 48)
    // As below.
    let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: frame.bytes[14..<14 + quoted]))
    let source = IPv6Address(high: bytes.bigEndian64(at: 8), low: bytes.bigEndian64(at: 16))
    let ip = IPv6Header(
      source: Self.routerAddress6, destination: source, protocol: .icmpv6, payloadByteCount: 8 + quoted)
    answer(at: hop, .ipv6, byteCount: 54 + 8 + quoted) { output in
      ip.write(into: &output)
      ICMPv6Kind.packetTooBig(mtu: UInt32(maximumTransmissionUnit))
        .write(into: &output, seal: .full(pseudoHeader: ip.pseudoHeader)) { $0.append(contentsOf: bytes) }
    }
  }

  private func report(_ frame: FrameBuffer, at hop: Hop) {
    let quoted = min(frame.byteCount - 14, 20 + Self.quotedByteCount)
    let source = IPv4Address(rawValue: (0..<4).reduce(0) { $0 << 8 | UInt32(frame.memory[26 + $1]) })
    let ip = IPv4Header(
      source: Self.routerAddress, destination: source, protocol: .icmp, payloadByteCount: 8 + quoted)
    // As above.
    let quote = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: frame.bytes[14..<14 + quoted]))
    answer(at: hop, .ipv4, byteCount: 14 + 20 + 8 + quoted) { output in
      ip.write(into: &output)
      ICMPv4Kind.destinationUnreachable(
        code: ICMPv4Kind.Unreachable.fragmentationNeeded, nextHopMTU: UInt16(maximumTransmissionUnit)
      ).write(into: &output) { $0.append(contentsOf: quote) }
    }
  }

  /// Delivers a frame of the router's to the sender; `write` writes what comes behind its Ethernet header.
  private func answer(
    at hop: Hop, _ type: EtherType, byteCount: Int, _ write: (inout OutputRawSpan) -> Void
  ) {
    let answer = hop.makeFrame(byteCount: byteCount)
    var output = OutputRawSpan(
      buffer: UnsafeMutableRawBufferPointer(rebasing: answer.memory[..<byteCount]), initializedCount: 0)
    EthernetHeader(
      destination: EthernetAddress(rawValue: hop.sender.hardwareAddress),
      source: EthernetAddress(rawValue: Self.router), type: type
    ).write(into: &output)
    write(&output)
    precondition(output.byteCount == byteCount)
    hop.deliver(answer)
  }
}

extension FrameBuffer {
  /// Writes a number of two bytes.
  func store16(_ value: UInt16, at offset: Int) {
    memory[offset] = UInt8(value >> 8)
    memory[offset + 1] = UInt8(truncatingIfNeeded: value)
  }
}
