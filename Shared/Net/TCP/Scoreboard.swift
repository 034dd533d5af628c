// RFC 2018 §5 and RFC 6675 before changing this file.

import Wire

/// What the peer has beyond the acknowledged, as its SACK blocks say: separate ranges in order.
struct Scoreboard {
  /// Ranges that are remembered whatever is in flight, and of more so many bytes that each one needs there: fewer than
  /// two full segments, as when a queue overflows because the window doubles each round trip every second one is lost.
  /// What is forgotten beyond that is sent again for nothing.
  static let maximumRangeCount = 128
  static let bytesForEachRange = 2048
  /// Segments above a gap that make it a loss and not a reordering (RFC 5681 §3.2).
  static let duplicateThreshold = 3

  private(set) var ranges: [SACKBlock] = []
  /// Bytes in all ranges.
  private(set) var byteCount = 0

  var isEmpty: Bool { ranges.isEmpty }

  /// Behind the last byte the peer has; nil when it has none beyond the acknowledged.
  var end: SequenceNumber? { ranges.last?.end }

  /// Takes a block in; one that is not within what was sent and is unacknowledged is ignored (RFC 2018 §5, D-SACK
  /// included). Returns whether it told anything new.
  mutating func insert(_ block: SACKBlock, unacknowledged: SequenceNumber, sent: SequenceNumber) -> Bool {
    // As distances: of numbers more than 2^31 apart each comparison alone can be right although the block is not.
    let start = block.start - unacknowledged
    let end = block.end - unacknowledged
    guard start >= 0, start < end, end <= sent - unacknowledged else { return false }
    var merged = block
    // The first range that ends at or behind the block's start.
    var low = 0
    while low < ranges.count && ranges[low].end < block.start { low += 1 }
    var high = low
    var covered = 0
    while high < ranges.count {
      let range = ranges[high]
      guard range.start <= block.end else { break }
      covered += range.end - range.start
      if range.start < merged.start { merged.start = range.start }
      if range.end > merged.end { merged.end = range.end }
      high += 1
    }
    let added = (merged.end - merged.start) - covered
    guard added > 0 else { return false }
    if low == high {
      let limit = max(Self.maximumRangeCount, (sent - unacknowledged) / Self.bytesForEachRange)
      guard ranges.count < limit else { return false }
      ranges.insert(merged, at: low)
    } else {
      ranges[low] = merged
      if high > low + 1 { ranges.removeSubrange(low + 1..<high) }
    }
    byteCount += added
    return true
  }

  /// Everything before `sequence` is acknowledged.
  mutating func acknowledge(_ sequence: SequenceNumber) {
    guard !ranges.isEmpty else { return }
    var gone = 0
    while gone < ranges.count && ranges[gone].end <= sequence {
      byteCount -= ranges[gone].end - ranges[gone].start
      gone += 1
    }
    if gone > 0 { ranges.removeSubrange(0..<gone) }
    if let first = ranges.first, first.start < sequence {
      byteCount -= sequence - first.start
      ranges[0].start = sequence
    }
  }

  /// Forgets all: the peer may have thrown away what it reported (RFC 2018 §8).
  mutating func removeAll() {
    ranges = []
    byteCount = 0
  }

  /// Whether so much has arrived above the front that it is a loss even where the order is not always kept (RFC 8985
  /// §6.2, step 4; RFC 6675 §4, IsLost).
  func isFrontLost(segment: Int) -> Bool {
    ranges.count >= Self.duplicateThreshold || byteCount > (Self.duplicateThreshold - 1) * segment
  }
}
