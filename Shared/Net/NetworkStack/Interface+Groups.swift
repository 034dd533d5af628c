// RFC 3810 §5 and §6, RFC 3590 and RFC 4862 §5.4.2 before changing this file.

import Bytes
import EventLoop
import Platform
import Wire

/// Switches that look at multicast, and routers, are told which groups we listen to, so that questions about our
/// addresses come through. Of MLDv2 only what a host needs that takes groups from every source: reports when groups
/// come or go and once more when an address is ours, and an answer to each query, at once, as there is one message.
extension Interface {
  /// A query of a router or switch.
  static let groupQueryType: UInt8 = 130
  private static let reportType: UInt8 = 143
  /// ff02::16: every router that speaks MLDv2.
  private static let reportDestination = IPv6Address(high: 0xff02 << 48, low: 0x16)
  private static let recordByteCount = 20

  /// What a report says about a group (RFC 3810 §5.2.12).
  private enum RecordKind: UInt32 {
    case isListening = 2
    case leaves = 3
    case joins = 4
  }

  /// Tells which groups came and went since the last time.
  func reportChangedGroups() {
    var groups: [IPv6Address] = []
    for own in autoconfiguration?.addresses ?? [] where !groups.contains(own.address.solicitedNode) {
      groups.add(own.address.solicitedNode)
    }
    guard groups != reportedGroups else { return }
    let joined = Self.groups(of: groups, besides: reportedGroups)
    let left = Self.groups(of: reportedGroups, besides: groups)
    reportedGroups = groups
    report(.joins, of: joined, leaving: left)
  }

  @inline(never)
  private static func groups(of groups: [IPv6Address], besides others: [IPv6Address]) -> [IPv6Address] {
    var rest: [IPv6Address] = []
    for group in groups where !others.contains(group) { rest.add(group) }
    return rest
  }

  /// Tells all groups again, as a report may be lost.
  func repeatGroups() { report(.joins, of: reportedGroups) }

  /// Answers a query, which asks for all groups or for one.
  func receiveGroupQuery(_ message: borrowing ICMPv6Message, from source: IPv6Address, hopLimit: UInt8) {
    // From this link only (§5.1.14, §6.2).
    guard source.isLinkLocal, hopLimit == 1, message.payload.byteCount >= IPv6Address.byteCount,
      answers.take(at: stack.loop.now)
    else { return }
    let high = message.payload.bigEndian64(at: 0)
    let low = message.payload.bigEndian64(at: 8)
    let group = IPv6Address(high: high, low: low)
    if group.isUnspecified {
      report(.isListening, of: reportedGroups)
    } else if reportedGroups.contains(group) {
      report(.isListening, of: [group])
    }
  }

  private func report(_ kind: RecordKind, of groups: [IPv6Address], leaving left: [IPv6Address] = []) {
    let count = groups.count + left.count
    guard count > 0 else { return }
    let byteCount = ICMPv6Message.headerByteCount + Self.recordByteCount * count
    // While there is no address for the link, there is none to be told (RFC 3590).
    let source = autoconfiguration?.addresses.first { $0.isAssigned && $0.address.isLinkLocal }
    let sum = InternetChecksum.pseudoHeader(
      source: source?.address ?? .unspecified, destination: Self.reportDestination, protocol: .icmpv6,
      byteCount: byteCount)
    var header = IPv6Header(
      source: source?.address ?? .unspecified, destination: Self.reportDestination, protocol: .hopByHop,
      payloadByteCount: 8 + byteCount)
    header.hopLimit = 1
    transmitGroupReport(header) { output in
      // Hop-by-hop options: ICMPv6 follows, a router alert for MLD (RFC 2711 §2.1), padding.
      output.append(bigEndian: UInt64(IPProtocol.icmpv6.rawValue) << 56 | 0x0502_0000_0100)
      ICMPv6Kind.other(type: Self.reportType, code: 0, rest: UInt32(count)).write(
        into: &output, seal: .full(pseudoHeader: sum)
      ) { output in
        Self.write(kind, of: groups, into: &output)
        Self.write(.leaves, of: left, into: &output)
      }
    }
  }

  @inline(never)
  @_lifetime(output: copy output)
  private static func write(_ kind: RecordKind, of groups: [IPv6Address], into output: inout OutputRawSpan) {
    for group in groups {
      output.append(bigEndian: kind.rawValue << 24)
      output.append(bigEndian: group.high)
      output.append(bigEndian: group.low)
    }
  }
}
