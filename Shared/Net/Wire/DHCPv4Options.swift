// RFC 2132, RFC 2131 §4.1 and RFC 3442 before changing this file.

import Bytes

/// What a DHCP message is (RFC 2132 §9.6).
public enum DHCPv4MessageType: UInt8, Sendable {
  /// A client looks for servers.
  case discover = 1
  /// A server offers an address.
  case offer = 2
  /// A client takes an offer, or wants to keep its address.
  case request = 3
  /// A client found that somebody else has the address.
  case decline = 4
  /// The server agrees.
  case ack = 5
  /// The server refuses.
  case nak = 6
  /// A client gives its address back.
  case release = 7
  /// A client that has an address asks for the rest.
  case inform = 8
}

/// An option of a DHCP message (RFC 2132; IANA BOOTP Vendor Extensions and DHCP Options).
public struct DHCPv4Option: RawRepresentable, Hashable, Sendable {
  /// The number on the wire.
  public let rawValue: UInt8
  /// An option from its number.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  static let pad = DHCPv4Option(rawValue: 0)
  static let end = DHCPv4Option(rawValue: 255)
  /// The mask of the client's network.
  public static let subnetMask = DHCPv4Option(rawValue: 1)
  /// Default gateways, the best first.
  public static let router = DHCPv4Option(rawValue: 3)
  /// Resolvers, the best first.
  public static let domainNameServer = DHCPv4Option(rawValue: 6)
  /// The client's name.
  public static let hostName = DHCPv4Option(rawValue: 12)
  /// The domain of names without dots.
  public static let domainName = DHCPv4Option(rawValue: 15)
  /// The link's MTU.
  public static let interfaceMTU = DHCPv4Option(rawValue: 26)
  /// The network's broadcast address.
  public static let broadcastAddress = DHCPv4Option(rawValue: 28)
  /// The address a client wants.
  public static let requestedAddress = DHCPv4Option(rawValue: 50)
  /// Seconds of the lease.
  public static let leaseTime = DHCPv4Option(rawValue: 51)
  /// Which fields of the header hold options too.
  public static let overload = DHCPv4Option(rawValue: 52)
  /// What the message is.
  public static let messageType = DHCPv4Option(rawValue: 53)
  /// Which server is meant.
  public static let serverIdentifier = DHCPv4Option(rawValue: 54)
  /// Which options a client wants to hear.
  public static let parameterRequestList = DHCPv4Option(rawValue: 55)
  /// Why a server refused, as text.
  public static let message = DHCPv4Option(rawValue: 56)
  /// The longest message the sender takes.
  public static let maximumMessageSize = DHCPv4Option(rawValue: 57)
  /// Seconds until the client asks its server again (T1).
  public static let renewalTime = DHCPv4Option(rawValue: 58)
  /// Seconds until the client asks any server (T2).
  public static let rebindingTime = DHCPv4Option(rawValue: 59)
  /// Who the client is.
  public static let clientIdentifier = DHCPv4Option(rawValue: 61)
  /// Routes by network (RFC 3442); with them `router` does not count.
  public static let classlessStaticRoutes = DHCPv4Option(rawValue: 121)

  /// Whether `data` has a length that the option's meaning allows.
  func accepts(_ data: RawSpan) -> Bool {
    let count = data.byteCount
    switch self {
    case .subnetMask, .broadcastAddress, .requestedAddress, .leaseTime, .serverIdentifier, .renewalTime,
      .rebindingTime:
      return count == 4
    case .router, .domainNameServer: return count >= 4 && count % 4 == 0
    case .interfaceMTU, .maximumMessageSize: return count == 2
    case .messageType: return count == 1 && DHCPv4MessageType(rawValue: data.byte(at: 0)) != nil
    case .overload: return count == 1 && (1...3).contains(data.byte(at: 0))
    case .clientIdentifier: return count >= 2
    case .classlessStaticRoutes: return DHCPv4Routes(data).isWellFormed
    default: return true
    }
  }
}

/// A list of addresses in an option.
public struct DHCPv4Addresses: ~Escapable {
  private let data: RawSpan

  @_lifetime(copy data)
  init(_ data: RawSpan) { self.data = data }

  /// How many there are.
  public var count: Int { data.byteCount / 4 }
  /// One of them. Traps outside 0..<`count`.
  public subscript(index: Int) -> IPv4Address { IPv4Address(data, at: index * 4) }
}

/// A route of option 121.
public struct DHCPv4Route: Equatable, Sendable {
  /// Where it leads; 0.0.0.0/0 is the default route.
  public let network: IPv4Network
  /// Over whom; unspecified means that the network is on the link.
  public let router: IPv4Address
}

/// The routes of option 121 (RFC 3442), taken one after the other.
public struct DHCPv4Routes: ~Escapable {
  private let data: RawSpan
  private var offset = 0

  @_lifetime(copy data)
  init(_ data: RawSpan) { self.data = data }

  /// Bytes of the route at the cursor, or nil when it is none.
  private var routeByteCount: Int? {
    let prefixLength = Int(data.byte(at: offset))
    let count = 1 + (prefixLength + 7) / 8 + 4
    return prefixLength <= 32 && offset + count <= data.byteCount ? count : nil
  }

  fileprivate var isWellFormed: Bool {
    guard data.byteCount >= 5 else { return false }
    var walk = DHCPv4Routes(data)
    while walk.offset < data.byteCount {
      guard let count = walk.routeByteCount else { return false }
      walk.offset += count
    }
    return true
  }

  /// The next route.
  @_lifetime(self: copy self)
  public mutating func next() -> DHCPv4Route? {
    guard offset < data.byteCount, let count = routeByteCount else { return nil }
    let prefixLength = Int(data.byte(at: offset))
    var address: UInt32 = 0
    for index in 0..<(count - 5) {
      address |= UInt32(data.byte(at: offset + 1 + index)) << UInt32(24 - 8 * index)
    }
    let router = IPv4Address(data, at: offset + count - 4)
    offset += count
    return DHCPv4Route(
      network: IPv4Network(IPv4Address(rawValue: address), prefixLength: prefixLength), router: router)
  }
}
