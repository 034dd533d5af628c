import Wire

/// How an interface comes to its address.
public enum Addressing: Sendable {
  /// There is none: the interface is of IPv6 only.
  case none
  /// By whoever configured this machine. Used at once; announced and defended on the link (RFC 5227).
  case fixed(address: IPv4Address, network: IPv4Network, gateway: IPv4Address?)
  /// By DHCP. `hostName` is told to the server.
  case dhcp(hostName: String?)
}

/// How an interface comes to its IPv6 addresses, beside the link-local one that it always makes itself.
public enum IPv6Addressing: Sendable {
  /// By whoever configured this machine. Used at once, as of IPv4; given up when another host has it.
  case fixed(address: IPv6Address, network: IPv6Network, gateway: IPv6Address?)
  /// By routers (RFC 4862), which also name DNS servers (RFC 8106).
  case automatic
}

/// What became of an interface's address.
public enum AddressEvent: Sendable, Equatable {
  /// It can be used.
  case configured(IPv4Address, IPv4Network)
  /// It is gone: the lease ended.
  case lost
  /// Another host, with this hardware address, has it too. It is ours no more.
  case conflict(EthernetAddress)
  /// Another host has it too; it was defended.
  case defended(EthernetAddress)
  /// An IPv6 address can be used.
  case configuredIPv6(IPv6Address)
  /// An IPv6 address is gone: its lifetime ended.
  case lostIPv6(IPv6Address)
  /// Another host has an IPv6 address, too. It is ours no more.
  case duplicateIPv6(IPv6Address)
}
