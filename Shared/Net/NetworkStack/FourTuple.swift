import Platform
import TCP
import Wire

/// What names a TCP connection: both addresses and both ports.
struct FourTuple: Equatable {
  var local: IPv4Address
  var remote: IPv4Address
  var localPort: UInt16
  var remotePort: UInt16

  /// The remote end.
  var peer: Endpoint { Endpoint(IPAddress(remote), port: remotePort) }

  /// A place in a table that a peer cannot choose.
  @inline(__always)
  func hash(_ key: KeyedHash) -> UInt64 {
    key.hash(
      UInt64(local.rawValue) << 32 | UInt64(remote.rawValue), UInt64(localPort) << 16 | UInt64(remotePort))
  }
}
