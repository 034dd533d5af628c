import Platform
import TCP
import Wire

/// What names a TCP connection: both addresses and both ports. The addresses are of one family; IPv4 addresses are in
/// their mapped form, so that all tables are of both families.
struct FourTuple: Equatable {
  var local: IPv6Address
  var remote: IPv6Address
  var localPort: UInt16
  var remotePort: UInt16

  /// The remote end.
  var peer: Endpoint { Endpoint(IPAddress(remote), port: remotePort) }

  /// A place in a table that a peer cannot choose.
  @inline(__always)
  func hash(_ key: KeyedHash) -> UInt64 {
    key.hash(local, remote, UInt64(localPort) << 16 | UInt64(remotePort))
  }
}
