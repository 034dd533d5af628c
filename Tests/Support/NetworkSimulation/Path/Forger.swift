// RFC 5961 before changing this file.

import Wire

/// Somebody who knows about a connection, even roughly where in its stream it is, but not exactly: beside some of its
/// segments he sends a forged one that would end or disturb it if it were believed. Each names a place in or near the
/// window but never the one that is expected next.
final class Forger: PathStage {
  private let probability: Double
  private var numbers: SplitMix64

  /// Forges beside each segment with this probability.
  init(probability: Double, numbers: SplitMix64) {
    self.probability = probability
    self.numbers = numbers
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    guard let segment = SegmentEditor(frame), segment.flags.isDisjoint(with: [.syn, .rst, .fin]),
      numbers.chance(probability)
    else { return hop.pass(frame) }
    let header = segment.payloadStart
    // A segment without payload: the checksum is made anew by what is taken off.
    guard segment.payloadByteCount == 0 else { return hop.pass(frame) }
    let forged = hop.makeFrame(byteCount: header)
    forged.copy(frame)
    if let lie = SegmentEditor(forged) { forge(lie) }
    hop.pass(frame)
    hop.pass(forged)
  }

  private func forge(_ lie: SegmentEditor) {
    let distance = numbers.pick(1...30_000)
    let ahead = lie.sequenceNumber + (numbers.chance(0.8) ? distance : -distance)
    switch numbers.below(4) {
    case 0:
      // A reset in the window (§3).
      lie.sequenceNumber = ahead
      lie.store(TCPFlags.rst.rawValue, at: 13)
    case 1:
      // A SYN in the window (§4).
      lie.sequenceNumber = ahead
      lie.store(TCPFlags.syn.rawValue, at: 13)
    case 2:
      // Acknowledges what was not sent (§5).
      lie.acknowledgementNumber = lie.acknowledgementNumber + (1 << 28) + distance
    default:
      // Acknowledges what was acknowledged long ago (§5).
      lie.acknowledgementNumber = lie.acknowledgementNumber - (1 << 28) - distance
    }
  }
}
