// RFC 6056 §3.3.4 before changing this file.

import TCP
import Wire

/// Chooses local ports for connections by double hash (RFC 6056 §3.3.4, algorithm 4): somebody who sees the ports
/// towards one peer cannot foresee those towards another, and a port comes back to the same peer only after all the
/// others, so that the peer's TIME-WAIT does not meet it.
struct EphemeralPorts: Sendable {
  /// Linux's default range (`net.ipv4.ip_local_port_range`), which firewalls and operators expect. It leaves ports
  /// below 32768 to listeners. RFC 6056 §3.2 would like more; 28,232 for each peer are plenty for a shop.
  static let range: ClosedRange<UInt16> = 32768...60999
  /// Counters. Peers that share one only move each other's port on.
  static let tableCount = 256
  private static let portCount = UInt32(range.upperBound - range.lowerBound) + 1

  private let hash: KeyedHash
  /// Each below `portCount`; empty until the first port is asked for, since a server that never connects needs none.
  private var table: [UInt16] = []

  /// Ports by a key of 16 random bytes.
  init(key: (UInt64, UInt64)) { hash = KeyedHash(key: key) }

  // The three uses of the key differ in the second word, above the port.
  private static let offsetLabel: UInt64 = 0 << 16
  private static let indexLabel: UInt64 = 1 << 16
  private static let tableLabel: UInt64 = 2 << 16

  /// A port of `range` that `isFree` says is free towards that peer; nil when none is. Asks once for each port at
  /// most; when few are in use, that is once or twice.
  mutating func next(
    from local: IPv6Address, to remote: IPv6Address, port remotePort: UInt16, isFree: (UInt16) -> Bool
  ) -> UInt16? {
    if table.isEmpty {
      table = Array(repeating: 0, count: Self.tableCount)
      for index in table.indices {
        table[index] = UInt16(hash.hash(UInt64(index), Self.tableLabel) % UInt64(Self.portCount))
      }
    }
    let offset = UInt32(
      hash.hash(local, remote, Self.offsetLabel | UInt64(remotePort)) % UInt64(Self.portCount))
    let index = Int(
      hash.hash(local, remote, Self.indexLabel | UInt64(remotePort)) % UInt64(Self.tableCount))
    for _ in 0..<Self.portCount {
      let port = Self.range.lowerBound + UInt16((UInt32(table[index]) + offset) % Self.portCount)
      table[index] = UInt16((UInt32(table[index]) + 1) % Self.portCount)
      if isFree(port) { return port }
    }
    return nil
  }
}
