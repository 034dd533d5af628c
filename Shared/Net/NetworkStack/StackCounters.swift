import Wire

/// What a stack has met below TCP, and in its tables.
final class StackCounters {
  /// Frames that devices delivered.
  var framesReceived: UInt64 = 0
  /// Frames that devices took.
  var framesSent: UInt64 = 0
  /// Frames that a device had no room for at first.
  var framesDeferred: UInt64 = 0
  /// Frames dropped because the device had no room, of protocols that do not try again.
  var framesLost: UInt64 = 0
  /// By `WireError`, in the order of its cases: what was no valid Ethernet, ARP, IPv4, ICMP, UDP or TCP.
  var malformed: [UInt64] = Array(repeating: 0, count: WireError.allCases.count)
  /// Frames and packets for somebody else.
  var notForUs: UInt64 = 0
  /// IPv4 and IPv6 packets that were valid, for us or not.
  var packetsOfIPv4: UInt64 = 0
  var packetsOfIPv6: UInt64 = 0
  /// Packets of a protocol that is not spoken here.
  var unknownProtocol: UInt64 = 0
  /// Packets whose source cannot be anybody.
  var badSource: UInt64 = 0
  /// Segments to a port where nobody listens.
  var closedPort: UInt64 = 0
  /// SYNs, and cookies that came back, dropped: the backlog is at its limit.
  var listenOverflow: UInt64 = 0
  /// SYNs dropped, and connects refused: connections or memory at their limit.
  var connectionLimit: UInt64 = 0
  /// SYNs answered with a cookie.
  var cookiesSent: UInt64 = 0
  /// Cookies that came back in time.
  var cookiesReturned: UInt64 = 0
  /// Segments to a listener, while cookies were awaited, that brought none.
  var cookiesRefused: UInt64 = 0
  /// Datagrams received by sockets.
  var datagramsReceived: UInt64 = 0
  /// Datagrams sent.
  var datagramsSent: UInt64 = 0
  /// Datagrams dropped: nobody there.
  var datagramsToNobody: UInt64 = 0
  /// Datagrams dropped: the socket's queue was full.
  var datagramsOverflow: UInt64 = 0
  /// Addresses or gateways that could not be used as they were configured.
  var badConfiguration: UInt64 = 0
  /// Echo requests answered.
  var echoesAnswered: UInt64 = 0
  /// ICMP messages received.
  var icmpReceived: UInt64 = 0
  /// ICMP errors sent.
  var icmpErrorsSent: UInt64 = 0
  /// ICMP messages that the rate limit kept back.
  var icmpLimited: UInt64 = 0

  func countMalformed(_ error: WireError) {
    let index: Int
    switch error {
    case .truncated: index = 0
    case .unsupported: index = 1
    case .badLength: index = 2
    case .badChecksum: index = 3
    case .badOption: index = 4
    case .badName: index = 5
    case .badValue: index = 6
    }
    malformed[index] &+= 1
  }
}
