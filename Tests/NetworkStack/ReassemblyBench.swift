import Platform
import Wire

@testable import NetworkStack

/// A reassembler, and what came out of it.
struct ReassemblyBench: ~Copyable {
  var reassembler = Reassembler()
  /// The last packet that was complete, or the last first fragment whose time was up.
  var packet: [UInt8] = []
  /// Whether a fragment of it came in a broadcast frame.
  var wasLinkGroup = false

  /// What is said about an IPv4 packet's payload by cutting it.
  struct Cut: Equatable {
    var range: Range<Int>
    var isLast: Bool
  }

  /// Payload that can be told from any other place's.
  static func payload(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ seed) }
  }

  /// A fragment of `payload`.
  static func fragment(
    _ payload: [UInt8], _ range: Range<Int>, id: UInt16 = 1,
    from source: IPv4Address = IPv4Address(10, 0, 0, 2),
    isLast: Bool? = nil, trafficClass: UInt8 = 0, options: Int = 0
  ) -> [UInt8] {
    let bytes = ipv4(from: source, Array(payload[range])) {
      $0.identification = id
      $0.fragmentByteOffset = range.lowerBound
      $0.moreFragments = !(isLast ?? (range.upperBound == payload.count))
      $0.trafficClass = trafficClass
    }
    return options == 0 ? bytes : withOptions(bytes, options)
  }

  /// The same packet with `count` bytes of options that do nothing.
  static func withOptions(_ packet: [UInt8], _ count: Int) -> [UInt8] {
    var bytes = packet
    bytes.insert(contentsOf: [UInt8](repeating: 1, count: count), at: 20)
    bytes[0] = 0x40 | UInt8(5 + count / 4)
    let total = bytes.count
    bytes[2] = UInt8(total >> 8)
    bytes[3] = UInt8(total & 255)
    return bytes
  }

  /// Gives a fragment to the reassembler; true when a packet is complete, which is then in `packet`.
  mutating func insert(_ fragment: [UInt8], isLinkGroup: Bool = false, at now: Instant) throws -> Bool {
    // Checksums of fragments are the business of Wire's tests.
    let view = try IPv4Packet(validating: fragment.span.bytes, checksumIsTrusted: true)
    guard let whole = reassembler.insert(Fragment(view), isLinkGroup: isLinkGroup, at: now) else {
      return false
    }
    wasLinkGroup = whole.isLinkGroup
    packet = whole.withPacket { packet in
      // Copied within the closure.
      packet.wholePacket.withUnsafeBytes { Array($0) }
    }
    return true
  }

  /// How many first fragments are handed out at `now`; the last is in `packet`.
  mutating func expire(at now: Instant) -> Int {
    var count = 0
    while let first = reassembler.nextExpired(at: now) {
      count += 1
      packet = first.withPacket { packet in
        // Copied within the closure.
        packet.wholePacket.withUnsafeBytes { Array($0) }
      }
    }
    return count
  }
}
