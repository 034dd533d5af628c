// RFC 791 §3.2, RFC 1191 and RFC 4459 before changing this file.

import Bytes
import Wire

/// A link in the middle that is narrower than those at the ends, in the direction it stands in: with another one, or
/// none, the other way the path's MTU is asymmetric. IPv4 only.
final class NarrowLink: PathStage {
  /// What it does with a packet that is too large.
  enum Manner: Sendable, Equatable {
    /// Cuts it into fragments whatever its sender wants, as tunnels do (RFC 4459 §3.2).
    case fragments
    /// Drops it and says so (RFC 1191 §4).
    case reports
    /// Drops it. Who sends it has to find out.
    case swallows
  }

  private static let router: UInt64 = 0x0200_0000_00fe
  private static let routerAddress = IPv4Address(10, 0, 0, 254)
  /// What an error quotes behind the IP header (RFC 792).
  private static let quotedByteCount = 8

  private let maximumTransmissionUnit: Int
  private let manner: Manner
  private var identification: UInt16 = 0

  /// A link for packets of up to `maximumTransmissionUnit` bytes.
  init(maximumTransmissionUnit: Int, manner: Manner) {
    self.maximumTransmissionUnit = maximumTransmissionUnit
    self.manner = manner
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    let memory = frame.memory
    guard frame.byteCount - 14 > maximumTransmissionUnit, memory[12] == 8, memory[13] == 0,
      memory[14] == 0x45
    else { return hop.pass(frame) }
    switch manner {
    case .fragments: cut(frame, at: hop)
    case .swallows: break
    case .reports: report(frame, at: hop)
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
      number = identification
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

  private func report(_ frame: FrameBuffer, at hop: Hop) {
    let quoted = min(frame.byteCount - 14, 20 + Self.quotedByteCount)
    let source = IPv4Address(rawValue: (0..<4).reduce(0) { $0 << 8 | UInt32(frame.memory[26 + $1]) })
    let ip = IPv4Header(
      source: Self.routerAddress, destination: source, protocol: .icmp, payloadByteCount: 8 + quoted)
    let answer = hop.makeFrame(byteCount: 14 + 20 + 8 + quoted)
    var output = OutputRawSpan(
      buffer: UnsafeMutableRawBufferPointer(rebasing: answer.memory[..<answer.byteCount]), initializedCount: 0
    )
    EthernetHeader(
      destination: EthernetAddress(rawValue: hop.sender.hardwareAddress),
      source: EthernetAddress(rawValue: Self.router), type: .ipv4
    ).write(into: &output)
    ip.write(into: &output)
    // As above.
    let quote = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: frame.bytes[14..<14 + quoted]))
    ICMPv4Kind.destinationUnreachable(
      code: ICMPv4Kind.Unreachable.fragmentationNeeded, nextHopMTU: UInt16(maximumTransmissionUnit)
    ).write(into: &output) { $0.append(contentsOf: quote) }
    precondition(output.byteCount == answer.byteCount)
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
