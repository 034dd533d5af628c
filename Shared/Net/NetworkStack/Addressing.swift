import Wire

/// How an interface comes to its address.
public enum Addressing: Sendable {
  /// By whoever configured this machine. Used at once; announced and defended on the link (RFC 5227).
  case fixed(address: IPv4Address, network: IPv4Network, gateway: IPv4Address?)
  /// By DHCP. `hostName` is told to the server.
  case dhcp(hostName: String?)
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
}
