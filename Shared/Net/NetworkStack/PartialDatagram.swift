// RFC 791 §3.2, RFC 8200 §4.5 and RFC 5722 before changing this file.

import Bytes
import Platform
import Wire

/// The fragments of one packet as far as they came, in the order they came.
///
/// Their places are kept sorted, so that an overlap is an overlap with a neighbour. Memory grows with what arrives, not
/// with where it says it belongs: a small fragment at the far end costs as little as any.
final class PartialDatagram {
  /// What becomes of a fragment.
  enum Check {
    case take
    case ignore(ReassemblyDrop)
    case discard(ReassemblyDrop)
  }

  /// A complete packet, or why it is none.
  enum Assembly: ~Copyable {
    case packet(ReassembledPacket)
    case drop(ReassemblyDrop)
  }

  private struct Piece {
    /// Where it belongs in the packet's payload.
    let offset: Int
    let count: Int
    /// Where it lies in `bytes`.
    let position: Int
    var end: Int { offset + count }
  }

  /// Memory grows twofold up to this, and in steps of it from there.
  private static let growthByteCount = 8 << 10
  /// What an incomplete packet costs beside its fragments: this object.
  static let emptyByteCount = 192
  /// What the place of a fragment costs, in an array that grows twofold.
  private static let pieceByteCount = 2 * MemoryLayout<Piece>.size
  /// What the longest packet costs: a payload and a header, rounded up.
  static let maximumByteCount =
    emptyByteCount + pieceByteCount * Reassembler.maximumFragmentCount + (72 << 10)

  /// Which packet it is.
  let key: FragmentKey
  /// How long its fragments are waited for.
  let deadline: Instant
  private var bytes = ByteBuffer()
  private var pieces: [Piece] = []
  private var payloadByteCount = 0
  /// Where the payload ends, once the last fragment came.
  private var end: Int?
  /// Where the first fragment's header lies in `bytes`, once it came.
  private var header: Range<Int>?
  /// Where in the header stands that a fragment header follows; 0 for IPv4.
  private var protocolByteOffset = 0
  /// Whether a fragment came in a broadcast or multicast frame.
  private var isLinkGroup = false
  /// One bit for each of the values of the ECN field that came.
  private var congestion: UInt8 = 0
  /// Whether it was dropped for its faults, and waits to drop the rest of its fragments too (RFC 5722 §4).
  private(set) var isDiscarded = false

  init(_ key: FragmentKey, until deadline: Instant) {
    self.key = key
    self.deadline = deadline
  }

  /// Bytes allocated.
  var byteCount: Int { Self.emptyByteCount + bytes.capacity + Self.pieceByteCount * pieces.count }
  /// Whether all fragments are there.
  var isComplete: Bool { payloadByteCount == end && header != nil }

  /// Whether a fragment fits those that came.
  func check(_ fragment: borrowing Fragment) -> Check {
    guard !isDiscarded else { return .ignore(.ofDiscarded) }
    let payload = fragment.payload
    let offset = fragment.byteOffset
    let fragmentEnd = offset + payload.byteCount
    // The last fragment of a packet whose others fill it exactly could be empty; nobody sends it.
    guard payload.byteCount > 0 else { return .discard(.contradiction) }
    let next = place(of: offset)
    if next < pieces.count, pieces[next].offset == offset, pieces[next].count == payload.byteCount {
      let isSame = isSame(payload, at: pieces[next].position)
      let isLast = end == fragmentEnd
      return isSame && isLast != fragment.moreFragments ? .ignore(.duplicate) : .discard(.overlap)
    }
    if next < pieces.count, pieces[next].offset < fragmentEnd { return .discard(.overlap) }
    if next > 0, pieces[next - 1].end > offset { return .discard(.overlap) }
    if let end, fragmentEnd > end || !fragment.moreFragments { return .discard(.contradiction) }
    if !fragment.moreFragments, let last = pieces.last, last.end > fragmentEnd {
      return .discard(.contradiction)
    }
    guard pieces.count < Reassembler.maximumFragmentCount else { return .discard(.tooManyFragments) }
    return .take
  }

  /// Bytes that will be allocated to take a fragment.
  func growth(for fragment: borrowing Fragment) -> Int {
    capacity(for: fragment) - bytes.capacity + Self.pieceByteCount
  }

  private func capacity(for fragment: borrowing Fragment) -> Int {
    let header = fragment.byteOffset == 0 ? fragment.header.byteCount : 0
    let needed = bytes.count + header + fragment.payload.byteCount
    var capacity = max(bytes.capacity, 256)
    while capacity < needed { capacity += min(capacity, Self.growthByteCount) }
    return capacity
  }

  /// Takes a fragment that was checked; returns the bytes allocated for it.
  func append(_ fragment: borrowing Fragment, isLinkGroup: Bool) -> Int {
    self.isLinkGroup = self.isLinkGroup || isLinkGroup
    let before = byteCount
    let capacity = capacity(for: fragment)
    if capacity > bytes.capacity {
      var larger = ByteBuffer(capacity: capacity)
      larger.append(bytes.bytes)
      bytes = larger
    }
    let payload = fragment.payload
    let offset = fragment.byteOffset
    if offset == 0 {
      header = bytes.count..<bytes.count + fragment.header.byteCount
      protocolByteOffset = fragment.protocolByteOffset
      bytes.append(fragment.header)
    }
    let piece = Piece(offset: offset, count: payload.byteCount, position: bytes.count)
    bytes.append(payload)
    pieces.insert(piece, at: place(of: offset))
    payloadByteCount += payload.byteCount
    if !fragment.moreFragments { end = offset + payload.byteCount }
    congestion |= 1 << fragment.congestion
    return byteCount - before
  }

  /// Gives its memory back and drops what is to come; returns the bytes that came free.
  func discard() -> Int {
    let before = byteCount
    bytes = ByteBuffer()
    pieces = []
    isDiscarded = true
    return before - byteCount
  }

  /// The packet, when it is complete.
  func assembled() -> Assembly {
    guard let header, isComplete else { preconditionFailure("fragments are missing") }
    let isIPv6 = protocolByteOffset > 0
    let headerByteCount = isIPv6 ? header.count - IPv6FragmentHeader.byteCount : header.count
    let total = headerByteCount + payloadByteCount
    guard total <= (isIPv6 ? 0xffff + IPv6Packet.minimumHeaderByteCount : 0xffff) else {
      return .drop(.tooLong)
    }
    let isCongested = congestion & 0b1000 != 0
    if isCongested && congestion & 1 != 0 { return .drop(.mixedCongestion) }
    var packet = ByteBuffer(capacity: total)
    bytes.withBytes { bytes in
      packet.withFreeRoom(atLeast: total) { output in
        write(bytes.extracting(header), headerByteCount, isCongested: isCongested, into: &output)
        for piece in pieces {
          output.append(payload: bytes.extracting(piece.position..<piece.position + piece.count))
        }
      }
    }
    return .packet(ReassembledPacket(packet, isIPv6: isIPv6, isLinkGroup: isLinkGroup))
  }

  /// Appends the header of a whole packet after that of its first fragment: `byteCount` bytes, without the fragment header
  /// of IPv6.
  @_lifetime(output: copy output)
  private func write(
    _ header: RawSpan, _ byteCount: Int, isCongested: Bool, into output: inout OutputRawSpan
  ) {
    output.append(payload: header.extracting(0..<byteCount))
    let isIPv6 = protocolByteOffset > 0
    if isCongested {
      output.overwrite(at: 0, bigEndian: header.bigEndian16(at: 0) | (isIPv6 ? 0x30 : 3))
    }
    if isIPv6 {
      let length = byteCount - IPv6Packet.minimumHeaderByteCount + payloadByteCount
      output.overwrite(at: 4, bigEndian: UInt16(length))
      // What stood in the fragment header's first byte is what follows now; the byte behind stays.
      let next = UInt16(header.byte(at: byteCount)) << 8 | UInt16(header.byte(at: protocolByteOffset + 1))
      output.overwrite(at: protocolByteOffset, bigEndian: next)
    } else {
      output.overwrite(at: 2, bigEndian: UInt16(byteCount + payloadByteCount))
      // Of flags and offset, whether routers must not fragment it is left.
      output.overwrite(at: 6, bigEndian: header.bigEndian16(at: 6) & 0x4000)
      output.overwrite(at: 10, bigEndian: 0)
      output.overwrite(at: 10, bigEndian: InternetChecksum(of: output.bytes).value)
    }
  }

  /// The first fragment as it came; nil when it did not come.
  func firstFragment() -> ReassembledPacket? {
    guard let header, let piece = pieces.first else { return nil }
    var packet = ByteBuffer(capacity: header.count + piece.count)
    bytes.withBytes { packet.append($0.extracting(header.lowerBound..<header.upperBound + piece.count)) }
    return ReassembledPacket(packet, isIPv6: protocolByteOffset > 0, isLinkGroup: isLinkGroup)
  }

  /// Where a piece at `offset` stands or would stand in `pieces`.
  private func place(of offset: Int) -> Int {
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func isSame(_ payload: RawSpan, at position: Int) -> Bool {
    bytes.withBytes { bytes in
      for offset in 0..<payload.byteCount where bytes.byte(at: position + offset) != payload.byte(at: offset)
      {
        return false
      }
      return true
    }
  }
}
