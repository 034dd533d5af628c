// RFC 9293 §3.10.7.4 and RFC 2018 §4 before changing this file.

import Bytes
import Wire

/// The receive queue: bytes in order that wait for their reader, and pieces beyond a gap that wait for the gap.
struct Reassembly: ~Copyable {
  private(set) var ring: RingBuffer
  private let maximumGapCount: Int
  /// Pieces beyond the gap, as offsets from the next expected byte, in order and apart.
  private var pieces: [Piece] = []
  private var stamp: UInt32 = 0

  private struct Piece {
    var start: Int
    var end: Int
    /// Grows with each arrival: SACK reports the latest first (RFC 2018 §4).
    var stamp: UInt32

    /// The next expected byte stands `byteCount` bytes further.
    mutating func advance(by byteCount: Int) {
      start -= byteCount
      end -= byteCount
    }
  }

  init(pool: BufferPool, entitlement: Int, maximumGapCount: Int) {
    ring = RingBuffer(pool: pool, entitlement: entitlement)
    self.maximumGapCount = maximumGapCount
  }

  /// Bytes in order.
  var count: Int { ring.count }
  /// Whether pieces wait for a gap.
  var hasGap: Bool { !pieces.isEmpty }
  /// Pieces beyond the gap.
  var pieceCount: Int { pieces.count }

  /// What became of a payload.
  enum Outcome: Equatable {
    /// So many bytes are in order now that were not before; at least 1.
    case advanced(Int)
    /// It is kept for later, or was there already.
    case beyondGap
    /// Nothing of it could be kept.
    case noRoom
  }

  /// Takes the bytes that stand `offset` bytes behind the next expected one; `limit` bytes fit into the queue.
  mutating func insert(_ bytes: RawSpan, at offset: Int, limit: Int) -> Outcome {
    if offset == 0 && pieces.isEmpty {
      let stored = ring.append(bytes, limit: limit)
      return stored > 0 ? .advanced(stored) : .noRoom
    }
    guard
      offset == 0 || touches(offset, offset + bytes.byteCount)
        || pieces.count < max(maximumGapCount, limit / Scoreboard.bytesForEachRange)
    else { return .noRoom }
    let stored = ring.place(bytes, at: offset, limit: limit)
    guard stored > 0 else { return .noRoom }
    merge(offset, offset + stored)
    guard let first = pieces.first, first.start == 0 else { return .beyondGap }
    ring.extend(by: first.end)
    pieces.removeFirst()
    for index in pieces.indices { pieces[index].advance(by: first.end) }
    return .advanced(first.end)
  }

  private func touches(_ start: Int, _ end: Int) -> Bool {
    for piece in pieces where piece.start <= end && piece.end >= start { return true }
    return false
  }

  private mutating func merge(_ start: Int, _ end: Int) {
    stamp &+= 1
    var merged = Piece(start: start, end: end, stamp: stamp)
    var low = 0
    while low < pieces.count && pieces[low].end < start { low += 1 }
    var high = low
    while high < pieces.count {
      let piece = pieces[high]
      guard piece.start <= end else { break }
      merged.start = min(merged.start, piece.start)
      merged.end = max(merged.end, piece.end)
      high += 1
    }
    if low == high {
      pieces.insert(merged, at: low)
    } else {
      pieces[low] = merged
      if high > low + 1 { pieces.removeSubrange(low + 1..<high) }
    }
  }

  /// Appends up to `limit` SACK blocks to `options`, the latest first; `next` is RCV.NXT.
  func report(into options: inout TCPOptions, next: SequenceNumber, limit: Int) {
    var below = UInt32.max
    for _ in 0..<min(limit, pieces.count) {
      var latest: Piece?
      for piece in pieces where piece.stamp <= below && piece.stamp > (latest?.stamp ?? 0) { latest = piece }
      guard let latest else { return }
      options.appendSACKBlock(SACKBlock(start: next + latest.start, end: next + latest.end))
      below = latest.stamp - 1
    }
  }

  /// Moves bytes in order into `room`; returns how many.
  @_lifetime(room: copy room)
  mutating func read(into room: inout OutputRawSpan) -> Int { ring.read(into: &room) }

  /// Forgets what waits for a gap.
  mutating func discardPieces() {
    pieces.removeAll()
    ring.discardPlaced()
  }

  /// Forgets everything.
  mutating func removeAll() {
    discardPieces()
    ring.consume(ring.count)
  }
}
