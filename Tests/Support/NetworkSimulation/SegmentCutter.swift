// RFC 9293 §3.1, RFC 6864 §4 and RFC 3168 §6.1.2 before changing this file.

import Bytes
import Platform
import Wire

/// Plays the backend's part of checksum and segmentation offload: finishes checksums, cuts large segments.
enum SegmentCutter {
  /// What a stack may not hand to a device.
  enum Refusal: Error, Equatable {
    /// Not TCP over IPv4 or IPv6, or not a length that belongs to it.
    case notTCP
    /// The checksum field does not hold the pseudo header's sum, or the frame does not say where it is.
    case checksumNotPartial
    /// SYN, RST or URG in a segment that is to be cut.
    case flagsNotCuttable
  }

  /// Where things are in a frame that is to be cut.
  struct Layout: Equatable {
    var ipHeaderByteCount: Int
    var tcpHeaderByteCount: Int
    var headerByteCount: Int { EthernetFrame.headerByteCount + ipHeaderByteCount + tcpHeaderByteCount }
    var tcpStart: Int { EthernetFrame.headerByteCount + ipHeaderByteCount }
  }

  /// Copies bytes of the frame's three pieces, from `offset` on, as many as `room` has.
  static func copy(_ frame: borrowing OutboundFrame, from offset: Int, to room: UnsafeMutableRawBufferPointer)
  {
    var filled = copy(frame.header, from: offset, to: room)
    var skipped = frame.header.byteCount
    for piece in 0..<2 {
      let bytes = piece == 0 ? frame.payload : frame.payloadTail
      let rest = UnsafeMutableRawBufferPointer(rebasing: room[filled...])
      filled += copy(bytes, from: max(0, offset + filled - skipped), to: rest)
      skipped += bytes.byteCount
    }
    precondition(filled == room.count)
  }

  private static func copy(_ piece: RawSpan, from offset: Int, to room: UnsafeMutableRawBufferPointer) -> Int
  {
    let count = min(piece.byteCount - offset, room.count)
    guard count > 0 else { return 0 }
    piece.extracting(offset..<offset + count).withUnsafeBytes { room.copyMemory(from: $0) }
    return count
  }

  /// Finishes the checksum that begins at `start` and whose field stands `offset` behind it. A sum of zero is sent as
  /// ones, which for UDP only is another number (RFC 768) and for TCP the same (RFC 1624 §3).
  static func finish(_ frame: UnsafeMutableRawBufferPointer, start: Int, offset: Int) {
    // The span lives within this call only, and so does the memory.
    let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: frame[start...]))
    let value = InternetChecksum(of: bytes).value
    store(value == 0 && offset == 6 ? 0xffff : value, frame, at: start + offset)
  }

  /// Finds out where things are in a frame that is to be cut, and whether a backend could do it.
  static func layout(_ frame: borrowing OutboundFrame) throws(Refusal) -> Layout {
    let header = frame.header
    guard header.byteCount >= 54 else { throw .notTCP }
    let ip = try ipHeaderByteCount(frame)
    let start = 14 + ip
    let layout = Layout(ipHeaderByteCount: ip, tcpHeaderByteCount: Int(header.byte(at: start + 12) >> 4) * 4)
    guard layout.tcpHeaderByteCount >= 20, header.byteCount >= layout.headerByteCount else { throw .notTCP }
    let flags = TCPFlags(rawValue: header.byte(at: start + 13))
    guard flags.isDisjoint(with: [.syn, .rst, .urg]) else { throw .flagsNotCuttable }
    guard let checksum = frame.checksum, checksum.start == start, checksum.offset == 16 else {
      throw .checksumNotPartial
    }
    let sum = pseudoHeader(header, byteCount: frame.byteCount - start)
    guard header.bigEndian16(at: start + 16) == sum.partial else { throw .checksumNotPartial }
    return layout
  }

  /// Bytes of the IP header of a frame with 40 bytes behind its Ethernet header, if it carries TCP.
  private static func ipHeaderByteCount(_ frame: borrowing OutboundFrame) throws(Refusal) -> Int {
    let header = frame.header
    switch (header.bigEndian16(at: 12), header.byte(at: 14) >> 4) {
    case (EtherType.ipv4.rawValue, 4):
      let ip = Int(header.byte(at: 14) & 15) * 4
      guard ip >= 20, header.byteCount >= 14 + ip + 20, header.byte(at: 23) == IPProtocol.tcp.rawValue,
        header.bigEndian16(at: 20) & 0x3fff == 0, Int(header.bigEndian16(at: 16)) == frame.byteCount - 14
      else { throw .notTCP }
      return ip
    case (EtherType.ipv6.rawValue, 6):
      guard header.byteCount >= 14 + 40 + 20, header.byte(at: 20) == IPProtocol.tcp.rawValue,
        Int(header.bigEndian16(at: 18)) == frame.byteCount - 54
      else { throw .notTCP }
      return 40
    default: throw .notTCP
    }
  }

  /// The sum of the pseudo header that belongs to the IP header of a frame.
  private static func pseudoHeader(_ frame: RawSpan, byteCount: Int) -> InternetChecksum {
    var sum = InternetChecksum()
    if frame.byte(at: 14) >> 4 == 6 {
      sum.add(frame.extracting(22..<54))
    } else {
      sum.add(frame.extracting(26..<34))
    }
    sum.add(bigEndian: UInt16(IPProtocol.tcp.rawValue))
    sum.add(bigEndian: UInt16(byteCount))
    return sum
  }

  /// Turns `buffer`, which holds the frame's headers and the payload from `offset` on, into a segment of its own.
  static func patch(
    _ buffer: UnsafeMutableRawBufferPointer, _ layout: Layout, index: Int, offset: Int, isFirst: Bool,
    isLast: Bool
  ) {
    let start = layout.tcpStart
    if buffer[14] >> 4 == 6 {
      store(UInt16(buffer.count - 54), buffer, at: 18)
    } else {
      store(UInt16(buffer.count - 14), buffer, at: 16)
      store(load16(buffer, at: 18) &+ UInt16(truncatingIfNeeded: index), buffer, at: 18)
      store(0, buffer, at: 24)
      // These spans live within this call only, and so does the memory.
      let ip = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[14..<start]))
      store(InternetChecksum(of: ip).value, buffer, at: 24)
    }

    let sequence = UInt32(load16(buffer, at: start + 4)) << 16 | UInt32(load16(buffer, at: start + 6))
    let moved = sequence &+ UInt32(truncatingIfNeeded: offset)
    store(UInt16(moved >> 16), buffer, at: start + 4)
    store(UInt16(truncatingIfNeeded: moved), buffer, at: start + 6)
    var flags = TCPFlags(rawValue: buffer[start + 13])
    if !isLast { flags.subtract([.fin, .psh]) }
    if !isFirst { flags.subtract(.cwr) }
    buffer[start + 13] = flags.rawValue
    store(0, buffer, at: start + 16)
    // As above.
    let segment = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[start...]))
    let frame = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer))
    var sum = pseudoHeader(frame, byteCount: segment.byteCount)
    sum.add(segment)
    store(sum.value, buffer, at: start + 16)
  }

  private static func load16(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> UInt16 {
    UInt16(buffer[offset]) << 8 | UInt16(buffer[offset + 1])
  }

  private static func store(_ value: UInt16, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    buffer[offset] = UInt8(value >> 8)
    buffer[offset + 1] = UInt8(truncatingIfNeeded: value)
  }
}
