// RFC 9293 §3.1 and RFC 1624 before changing this file.

import Bytes
import Wire

/// A TCP segment in a frame, as a middlebox sees it: found in either family's packet, and changed in place with the
/// checksum kept as right, or as wrong, as it was.
struct SegmentEditor {
  let frame: FrameBuffer
  /// Where the TCP header begins.
  let start: Int
  /// Where the payload begins.
  let payloadStart: Int
  /// Behind the payload.
  let end: Int

  /// The segment of a frame; nil when it is no whole TCP segment with a finished checksum.
  init?(_ frame: FrameBuffer) {
    guard !frame.isUnfinished, frame.byteCount >= 54 else { return nil }
    self.frame = frame
    let memory = frame.memory
    switch UInt16(memory[12]) << 8 | UInt16(memory[13]) {
    case 0x0800:
      guard memory[23] == 6, (UInt16(memory[20]) << 8 | UInt16(memory[21])) & 0x3fff == 0 else { return nil }
      start = 14 + Int(memory[14] & 15) * 4
      end = 14 + (Int(memory[16]) << 8 | Int(memory[17]))
    case 0x86dd:
      guard memory[20] == 6 else { return nil }
      start = 54
      end = 54 + (Int(memory[18]) << 8 | Int(memory[19]))
    default: return nil
    }
    guard start + 20 <= end, end <= frame.byteCount else { return nil }
    payloadStart = start + Int(memory[start + 12] >> 4) * 4
    guard payloadStart >= start + 20, payloadStart <= end else { return nil }
  }

  var payloadByteCount: Int { end - payloadStart }

  var flags: TCPFlags { TCPFlags(rawValue: frame.memory[start + 13]) }

  /// Whether it says nothing but how far its sender has come: no byte, and nothing new about the connection.
  var isPureAcknowledgement: Bool { payloadByteCount == 0 && flags.subtracting(.psh) == .ack }

  var sequenceNumber: SequenceNumber {
    get { SequenceNumber(load32(at: 4)) }
    nonmutating set { store32(newValue.rawValue, at: 4) }
  }

  var acknowledgementNumber: SequenceNumber {
    get { SequenceNumber(load32(at: 8)) }
    nonmutating set { store32(newValue.rawValue, at: 8) }
  }

  /// Calls `body` with the kind of each option and where it stands, `start` counted as 0.
  func forEachOption(_ body: (_ kind: UInt8, _ place: Range<Int>) -> Void) {
    var offset = 20
    let limit = payloadStart - start
    while offset < limit {
      let kind = frame.memory[start + offset]
      if kind == 0 { return }
      if kind == 1 {
        offset += 1
        continue
      }
      guard offset + 1 < limit else { return }
      let length = Int(frame.memory[start + offset + 1])
      guard length >= 2, offset + length <= limit else { return }
      body(kind, offset..<offset + length)
      offset += length
    }
  }

  // MARK: Numbers of the segment, `start` counted as 0

  func load32(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 8 | UInt32(frame.memory[start + offset + $1]) }
  }

  /// Writes four bytes at any place.
  func store32(_ value: UInt32, at offset: Int) {
    for index in 0..<4 {
      store(UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)), at: offset + index)
    }
  }

  /// Writes a byte, and into the checksum how the word around it changes.
  func store(_ value: UInt8, at offset: Int) {
    let place = start + (offset & ~1)
    // Behind a segment of odd length the checksum sees a zero.
    func word() -> UInt16 {
      UInt16(frame.memory[place]) << 8 | (place + 1 < end ? UInt16(frame.memory[place + 1]) : 0)
    }
    let old = word()
    frame.memory[start + offset] = value
    let sum = UInt16(frame.memory[start + 16]) << 8 | UInt16(frame.memory[start + 17])
    let new = InternetChecksum.updating(sum, from: old, to: word())
    frame.memory[start + 16] = UInt8(new >> 8)
    frame.memory[start + 17] = UInt8(truncatingIfNeeded: new)
  }
}
