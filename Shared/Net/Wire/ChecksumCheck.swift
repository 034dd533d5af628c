// RFC 9293 §3.1, RFC 768, RFC 1122 §4.1.3.4 and RFC 8200 §8.1 before changing this file.

import Bytes

/// What a view does about a checksum that also covers addresses.
public enum ChecksumCheck: Equatable, Sendable {
  /// It was checked already: by the device, or because the bytes never left this machine.
  case trusted
  /// It is checked against this sum of the pseudo header, such as `IPv4Packet.pseudoHeader` or `IPv6Packet.pseudoHeader`.
  case verify(pseudoHeader: InternetChecksum)
}

/// What a writer puts in the checksum field of a transport header.
public enum ChecksumSeal: Equatable, Sendable {
  /// The whole checksum.
  case full(pseudoHeader: InternetChecksum)
  /// The pseudo header's sum only: the device adds the rest (checksum offload).
  case partial(pseudoHeader: InternetChecksum)
}

extension InternetChecksum {
  /// The pseudo header that TCP and UDP add to what they carry (RFC 9293 §3.1).
  public static func pseudoHeader(
    source: IPv4Address, destination: IPv4Address, protocol: IPProtocol, byteCount: Int
  ) -> InternetChecksum {
    precondition(byteCount >= 0 && byteCount <= 0xffff)
    var sum = InternetChecksum()
    sum.add(bigEndian: source.rawValue)
    sum.add(bigEndian: destination.rawValue)
    sum.add(bigEndian: UInt16(`protocol`.rawValue))
    sum.add(bigEndian: UInt16(byteCount))
    return sum
  }

  /// The pseudo header between two IPv6 addresses (RFC 8200 §8.1), or two IPv4 addresses in their mapped form: that
  /// adds 0xffff twice to what IPv4's pseudo header holds, which is nothing in ones' complement.
  @_disfavoredOverload
  public static func pseudoHeader(
    source: IPv6Address, destination: IPv6Address, protocol: IPProtocol, byteCount: Int
  ) -> InternetChecksum {
    precondition(byteCount >= 0 && byteCount <= 0xffff)
    var sum = InternetChecksum()
    sum.add(bigEndian: source.high)
    sum.add(bigEndian: source.low)
    sum.add(bigEndian: destination.high)
    sum.add(bigEndian: destination.low)
    sum.add(bigEndian: UInt16(`protocol`.rawValue))
    sum.add(bigEndian: UInt16(byteCount))
    return sum
  }

  /// Whether `bytes`, which hold their checksum, are as they were sent.
  func covers(_ bytes: RawSpan) -> Bool {
    var sum = self
    sum.add(bytes)
    return sum.isValid
  }
}

extension ChecksumSeal {
  /// What belongs into the field, whose 2 bytes in `bytes` are zero.
  func value(over bytes: RawSpan) -> UInt16 {
    switch self {
    case .full(var sum):
      sum.add(bytes)
      return sum.value
    case .partial(let sum):
      return sum.partial
    }
  }
}
