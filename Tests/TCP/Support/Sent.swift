import Bytes
import Platform
import Wire

/// A segment that the connection under test sent, as a receiver's parser sees it. Numbers count from ISS and IRS.
struct Sent: CustomStringConvertible {
  var at: Instant
  var flags: TCPFlags
  var sequence: Int
  var acknowledgement: Int
  /// As it stands in the header, not shifted.
  var window: Int
  var options: TCPOptions
  var payload: [UInt8]
  /// Bytes of each segment that the device would make of it; 0 when it is one segment.
  var segmentByteCount: Int

  var description: String {
    "[\(Self.names(flags)) \(sequence)+\(payload.count) ack \(acknowledgement) win \(window)]"
  }

  static func names(_ flags: TCPFlags) -> String {
    let all: [(TCPFlags, String)] = [(.syn, "S"), (.fin, "F"), (.rst, "R"), (.psh, "P"), (.ack, ".")]
    return all.filter { flags.contains($0.0) }.map(\.1).joined()
  }
}

/// The bytes `count` places from `start` on of the stream that all these tests send: any byte tells its place.
func stream(_ count: Int, from start: Int = 0) -> [UInt8] {
  var bytes: [UInt8] = []
  var place = start
  while bytes.count < count {
    let index = place & 0xffff
    let piece = streamPeriod[index..<min(streamPeriod.count, index + count - bytes.count)]
    bytes += piece
    place += piece.count
  }
  return bytes
}

/// After so many bytes the stream begins anew.
private let streamPeriod: [UInt8] = (0..<1 << 16).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

/// A segment on its way: written, and checked and parsed again where it arrives.
struct Datagram {
  private let bytes: [UInt8]

  init(_ header: TCPHeader, _ payload: [UInt8] = []) {
    var buffer = ByteBuffer(capacity: 64 + payload.count)
    let seal = ChecksumSeal.full(pseudoHeader: Self.pseudoHeader(header.byteCount + payload.count))
    // In two pieces, the first of an odd length, as a ring lends them.
    let first = Array(payload.prefix(payload.count / 2 | 1))
    let second = Array(payload.dropFirst(first.count))
    buffer.withFreeRoom(atLeast: header.byteCount) { room in
      header.write(
        into: &room, seal: seal, coveringPayload: first.span.bytes, second.span.bytes)
    }
    buffer.append(payload)
    bytes = buffer.array()
  }

  func parsed<R>(_ body: (borrowing TCPSegment) throws -> R) throws -> R {
    let segment = try TCPSegment(
      validating: bytes.span.bytes, checksum: .verify(pseudoHeader: Self.pseudoHeader(bytes.count)))
    return try body(segment)
  }

  private static func pseudoHeader(_ byteCount: Int) -> InternetChecksum {
    .pseudoHeader(source: .loopback, destination: .loopback, protocol: .tcp, byteCount: byteCount)
  }
}
