// RFC 6528 before changing this file.

import Platform
import Wire

/// Chooses initial sequence numbers that nobody outside can foresee, and that grow for each pair of endpoints, so that
/// a connection's number lies beyond its predecessor's.
public struct InitialSequenceNumber: Sendable {
  private let secret: KeyedHash

  /// A generator with a secret of 16 random bytes.
  public init(key: (UInt64, UInt64)) { secret = KeyedHash(key: key) }

  /// M + F(local, remote, secret), where M counts 4 µs (§3). The addresses are of one family, IPv4 in its mapped form.
  /// `ports` is the local port and the remote one.
  public func next(
    local: IPv6Address, remote: IPv6Address, ports: (UInt16, UInt16), at now: Instant
  ) -> SequenceNumber {
    let hash = secret.hash(local, remote, UInt64(ports.0) << 16 | UInt64(ports.1))
    return SequenceNumber(
      UInt32(truncatingIfNeeded: hash) &+ UInt32(truncatingIfNeeded: now.nanoseconds / 4_000))
  }

  /// The offset of a connection's timestamps, as hard to foresee.
  public func timestampOffset(local: IPv6Address, remote: IPv6Address, ports: (UInt16, UInt16)) -> UInt32 {
    // The complement is no pair of ports, so this is another use of the secret.
    UInt32(truncatingIfNeeded: secret.hash(local, remote, ~(UInt64(ports.0) << 16 | UInt64(ports.1))) >> 32)
  }
}
