// RFC 1122 §2.3.2.2 before changing this file.

import Wire

/// IP packets that wait until a neighbour's hardware address is known: a few for each neighbour, and bounded in bytes
/// for all. The oldest make room; the latest is always kept.
struct HeldPackets {
  /// Packets held for a neighbour at most.
  static let maximumCountPerNeighbour = 4
  /// Bytes held at most; a single packet that is longer is not held.
  static let maximumByteCount = 128 << 10

  private struct Packet {
    let neighbour: IPv6Address
    let bytes: [UInt8]
  }

  /// All packets, oldest first. At most `maximumCountPerNeighbour` for each entry of the cache.
  private var packets: [Packet] = []
  /// Bytes held now.
  private(set) var byteCount = 0
  /// Packets dropped to make room, or as they were too long.
  private(set) var droppedCount: UInt64 = 0

  /// Packets held now.
  var count: Int { packets.count }

  /// Holds a copy of a packet.
  mutating func hold(_ packet: RawSpan, for neighbour: IPv6Address) {
    guard packet.byteCount <= Self.maximumByteCount else {
      droppedCount += 1
      return
    }
    var same = 0
    for held in packets where held.neighbour == neighbour { same += 1 }
    if same >= Self.maximumCountPerNeighbour { drop { $0.neighbour == neighbour } }
    while byteCount + packet.byteCount > Self.maximumByteCount { drop { _ in true } }
    // Copied within the closure.
    packets.append(Packet(neighbour: neighbour, bytes: packet.withUnsafeBytes { Array($0) }))
    byteCount += packet.byteCount
  }

  private mutating func drop(where matches: (Packet) -> Bool) {
    guard let index = packets.firstIndex(where: matches) else { return }
    byteCount -= packets.remove(at: index).bytes.count
    droppedCount += 1
  }

  /// Hands out the packets for a neighbour, oldest first. Allocates nothing when there are none.
  mutating func take(for neighbour: IPv6Address) -> [[UInt8]] {
    guard packets.contains(where: { $0.neighbour == neighbour }) else { return [] }
    var taken: [[UInt8]] = []
    packets.removeAll { packet in
      guard packet.neighbour == neighbour else { return false }
      taken.append(packet.bytes)
      byteCount -= packet.bytes.count
      return true
    }
    return taken
  }
}
