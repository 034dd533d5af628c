// RFC 8200 §4, RFC 7045, RFC 5095, RFC 6946 and RFC 8504 §5.3 before changing this file.

import Bytes

/// What is wrong with a packet that its sender is to be told: an ICMP parameter problem (RFC 4443 §3.4).
public struct IPv6Problem: Equatable, Sendable {
  /// Which kind of problem: one of `ICMPv6Kind.Problem`.
  public var code: UInt8
  /// Where it is, from the packet's first byte.
  public var pointer: UInt32
  /// Whether it is told even when the packet was for a group (RFC 8200 §4.2, action 10).
  public var isToldAboutGroups = false

  /// A problem.
  public init(code: UInt8, pointer: UInt32, isToldAboutGroups: Bool = false) {
    self.code = code
    self.pointer = pointer
    self.isToldAboutGroups = isToldAboutGroups
  }
}

/// The way from a packet's header to what it carries, along its extension headers.
///
/// Hop-by-hop options may only stand first, no more than `maximumCount` headers of together `maximumByteCount` bytes
/// are looked at, and of options no more than `maximumOptionCount` a header: who sends more hides something
/// (RFC 8504 §5.3). No option is known, so the bits of its type say what becomes of the packet; no kind of routing
/// header is known either, so one that has nodes left to visit is refused (RFC 5095). Encapsulated packets, IPsec and
/// mobility are carried protocols that nobody here speaks.
///
/// Cost: nothing but a comparison for a packet without extension headers.
struct IPv6HeaderChain {
  /// Extension headers at most: each kind once, and destination options twice (RFC 8200 §4.1).
  static let maximumCount = 5
  /// Bytes of all of them at most.
  static let maximumByteCount = 512
  /// Options in a header at most, padding not counted (RFC 8504 §5.3).
  static let maximumOptionCount = 8
  /// Bytes of padding that stand together at most: there is no need for more (RFC 8504 §5.3).
  static let maximumPaddingByteCount = 7

  /// What is carried; `fragment` ends the walk.
  private(set) var `protocol`: IPProtocol
  /// Where its number stands.
  private(set) var protocolByteOffset = 6
  /// Where it begins.
  private(set) var byteCount = IPv6Packet.minimumHeaderByteCount
  /// What is wrong.
  private(set) var problem: IPv6Problem?

  /// The chain of a packet that is there in full.
  @inline(__always)
  init(walking packet: RawSpan) throws(WireError) {
    `protocol` = IPProtocol(rawValue: packet.byte(at: protocolByteOffset))
    if `protocol` != .tcp { try walk(packet) }
  }

  @inline(never)
  private mutating func walk(_ packet: RawSpan) throws(WireError) {
    var count = 0
    while true {
      let start = byteCount
      switch `protocol` {
      case .hopByHop where count == 0, .destinationOptions, .routing, .fragment: break
      case .hopByHop: return fail(ICMPv6Kind.Problem.nextHeader, at: protocolByteOffset)
      default: return
      }
      count += 1
      guard packet.byteCount >= start + 8 else { throw .truncated }
      if `protocol` == .fragment {
        let field = packet.bigEndian16(at: start + 2)
        guard field & 0xfff9 == 0 else { return checkFragment(packet, field) }
        byteCount += 8
      } else {
        byteCount += 8 + Int(packet.byte(at: start + 1)) * 8
        guard packet.byteCount >= byteCount else { throw .truncated }
        if `protocol` != .routing {
          try checkOptions(packet, start + 2..<byteCount)
        } else if packet.byte(at: start + 3) != 0 {
          fail(ICMPv6Kind.Problem.field, at: start + 2)
        }
        if problem != nil { return }
      }
      guard count <= Self.maximumCount,
        byteCount <= IPv6Packet.minimumHeaderByteCount + Self.maximumByteCount
      else { throw .badLength }
      protocolByteOffset = start
      `protocol` = IPProtocol(rawValue: packet.byte(at: start))
    }
  }

  private mutating func fail(_ code: UInt8, at pointer: Int, isToldAboutGroups: Bool = false) {
    problem = IPv6Problem(code: code, pointer: UInt32(pointer), isToldAboutGroups: isToldAboutGroups)
  }

  /// A fragment's payload: all but the last carry a multiple of 8 bytes, and none ends behind the longest packet.
  private mutating func checkFragment(_ packet: RawSpan, _ field: UInt16) {
    let start = byteCount
    byteCount += 8
    let payloadByteCount = packet.byteCount - byteCount
    if field & 1 != 0, payloadByteCount % 8 != 0 { return fail(ICMPv6Kind.Problem.field, at: 4) }
    // The whole packet's length counts the extension headers before the fragment header too.
    let whole = start - IPv6Packet.minimumHeaderByteCount + Int(field & ~7) + payloadByteCount
    if whole > 0xffff { fail(ICMPv6Kind.Problem.field, at: start + 2) }
  }

  /// Options (RFC 8200 §4.2), of which only padding is known.
  private mutating func checkOptions(_ packet: RawSpan, _ range: Range<Int>) throws(WireError) {
    var count = 0
    var paddingByteCount = 0
    var offset = range.lowerBound
    while offset < range.upperBound {
      let type = packet.byte(at: offset)
      guard type != 0 else {
        offset += 1
        paddingByteCount += 1
        guard paddingByteCount <= Self.maximumPaddingByteCount else { throw .badOption }
        continue
      }
      guard offset + 2 <= range.upperBound else { throw .badOption }
      let end = offset + 2 + Int(packet.byte(at: offset + 1))
      guard end <= range.upperBound else { throw .badOption }
      if type == 1 {
        paddingByteCount += end - offset
        guard paddingByteCount <= Self.maximumPaddingByteCount else { throw .badOption }
      } else {
        count += 1
        paddingByteCount = 0
        guard count <= Self.maximumOptionCount else { throw .badOption }
        // What is to become of a packet with an option that is not known.
        switch type >> 6 {
        case 0: break
        case 1: throw .unsupported
        case let action:
          return fail(ICMPv6Kind.Problem.option, at: offset, isToldAboutGroups: action == 2)
        }
      }
      offset = end
    }
  }
}
