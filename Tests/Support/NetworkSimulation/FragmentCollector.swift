// RFC 791 §3.2 and RFC 8200 §4.5 before changing this file.

import Wire

/// Puts fragments together without any of a stack's limits.
struct FragmentCollector {
  private struct Pending {
    let source: IPv6Address
    let identification: UInt32
    var bytes: [UInt8] = []
    var isKnown: [Bool] = []
    var total: Int?
  }

  /// Packets in the making, the oldest first.
  private static let limit = 256
  private var pending: [Pending] = []

  /// The payload that is whole with this fragment.
  mutating func add(_ packet: borrowing IPv4Packet) -> [UInt8]? {
    add(
      packet.payload.withUnsafeBytes { Array($0) }, at: packet.fragmentByteOffset,
      isLast: !packet.moreFragments, from: IPv6Address(mapped: packet.source), UInt32(packet.identification))
  }

  /// The same of IPv6.
  mutating func add(_ packet: borrowing IPv6Packet) -> [UInt8]? {
    add(
      packet.payload.withUnsafeBytes { Array($0) }, at: packet.fragmentByteOffset,
      isLast: !packet.moreFragments, from: packet.source, packet.identification)
  }

  private mutating func add(
    _ payload: [UInt8], at offset: Int, isLast: Bool, from source: IPv6Address, _ identification: UInt32
  ) -> [UInt8]? {
    var index = pending.firstIndex { $0.source == source && $0.identification == identification }
    if index == nil {
      if pending.count == Self.limit { pending.removeFirst() }
      pending.append(Pending(source: source, identification: identification))
      index = pending.count - 1
    }
    let place = index!
    let missing = offset + payload.count - pending[place].bytes.count
    if missing > 0 {
      pending[place].bytes += [UInt8](repeating: 0, count: missing)
      pending[place].isKnown += [Bool](repeating: false, count: missing)
    }
    pending[place].bytes.replaceSubrange(offset..<offset + payload.count, with: payload)
    for byte in offset..<offset + payload.count { pending[place].isKnown[byte] = true }
    if isLast { pending[place].total = offset + payload.count }
    guard let total = pending[place].total, !pending[place].isKnown[..<total].contains(false) else {
      return nil
    }
    return Array(pending.remove(at: place).bytes[..<total])
  }
}
