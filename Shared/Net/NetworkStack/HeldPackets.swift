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
    if same >= Self.maximumCountPerNeighbour { _ = takeOldest(for: neighbour, isDropped: true) }
    while byteCount + packet.byteCount > Self.maximumByteCount { _ = takeOldest(isDropped: true) }
    // Copied within the closure.
    packets.append(Packet(neighbour: neighbour, bytes: packet.withUnsafeBytes { Array($0) }))
    byteCount += packet.byteCount
  }

  /// The oldest packet for a neighbour, or for any.
  @inline(never)
  private mutating func takeOldest(for neighbour: IPv6Address? = nil, isDropped: Bool = false) -> [UInt8]? {
    guard let index = packets.firstIndex(where: { neighbour == nil || $0.neighbour == neighbour }) else {
      return nil
    }
    let bytes = packets.remove(at: index).bytes
    byteCount -= bytes.count
    if isDropped { droppedCount += 1 }
    return bytes
  }

  /// Hands out the packets for a neighbour, oldest first. Allocates nothing when there are none.
  mutating func take(for neighbour: IPv6Address) -> [[UInt8]] {
    var taken: [[UInt8]] = []
    while let bytes = takeOldest(for: neighbour) { taken.append(bytes) }
    return taken
  }
}
