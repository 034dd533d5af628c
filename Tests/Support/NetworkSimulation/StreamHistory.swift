import Glibc
import Wire

/// The latest bytes of one direction of a stream, to compare retransmissions with. Grows up to a limit, then forgets
/// the oldest.
struct StreamHistory {
  /// What a piece of the stream says about the bytes before it.
  enum Verdict: Equatable {
    /// New, or the same as before as far as it is remembered.
    case fine
    /// The byte at this place was another one.
    case changed(SequenceNumber)
    /// Bytes between the last one and this piece were never seen.
    case gap
  }

  private let limit: Int
  private var ring: [UInt8] = []
  private var count = 0
  /// Behind the last byte.
  private(set) var end: SequenceNumber

  /// An empty history before the byte at `start`; remembers `limit` bytes, a power of two.
  init(start: SequenceNumber, limit: Int) {
    precondition(limit > 0 && limit & (limit - 1) == 0)
    self.limit = limit
    end = start
  }

  /// Compares what is known of `bytes`, which stand at `place`, and remembers the rest.
  mutating func check(_ bytes: UnsafeRawBufferPointer, at place: SequenceNumber) -> Verdict {
    let known = end - place
    if known < 0 { return .gap }
    let overlap = min(known, bytes.count)
    // Of the overlap only the part that is still in the ring: its last `count - (known - overlap)` bytes.
    let comparable = max(0, min(overlap, count - (known - overlap)))
    if comparable > 0,
      let index = difference(bytes[(overlap - comparable)..<overlap], before: known - overlap)
    {
      return .changed(place + index)
    }
    if bytes.count > known { append(UnsafeRawBufferPointer(rebasing: bytes[known...])) }
    return .fine
  }

  /// The index in `piece` of its first byte that is not the one in the ring; the piece ends `distance` before the end.
  private func difference(_ piece: Slice<UnsafeRawBufferPointer>, before distance: Int) -> Int? {
    var index = piece.startIndex
    while index < piece.endIndex {
      let position = (Int(end.rawValue) - distance - (piece.endIndex - index)) & (ring.count - 1)
      let run = min(piece.endIndex - index, ring.count - position)
      let isSame = ring.withUnsafeBytes { memory in
        // Both runs are inside their buffers by the lines above.
        memcmp(memory.baseAddress! + position, piece.base.baseAddress! + index, run) == 0
      }
      if !isSame { return (0..<run).first { ring[position + $0] != piece[index + $0] }.map { index + $0 } }
      index += run
    }
    return nil
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    while ring.count < min(limit, count + bytes.count) { grow() }
    let kept = UnsafeRawBufferPointer(rebasing: bytes.suffix(ring.count))
    var place = Int((end + (bytes.count - kept.count)).rawValue)
    ring.withUnsafeMutableBytes { memory in
      var index = 0
      while index < kept.count {
        let position = place & (memory.count - 1)
        let run = min(kept.count - index, memory.count - position)
        memcpy(memory.baseAddress! + position, kept.baseAddress! + index, run)
        index += run
        place += run
      }
    }
    end += bytes.count
    count = min(ring.count, count + bytes.count)
  }

  private mutating func grow() {
    let old = ring
    ring = [UInt8](repeating: 0, count: max(1_024, old.count * 2))
    for back in stride(from: count, to: 0, by: -1) {
      let place = Int(end.rawValue) - back
      ring[place & (ring.count - 1)] = old[place & (old.count - 1)]
    }
  }
}
