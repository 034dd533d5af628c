import Wire

/// A firewall that gives one device's streams other sequence numbers: its segments are moved up, the acknowledgements
/// of the other one down. Stands in the way of both. Many of its kind forget the numbers in SACK blocks, which then
/// name bytes that nobody sent.
final class SequenceMover: PathStage {
  private let moved: ObjectIdentifier
  private let distance: UInt32
  private let translatesSACK: Bool

  /// Moves the numbers of `device` by `distance`.
  init(of device: SimulatedDevice, by distance: UInt32, translatesSACK: Bool) {
    moved = ObjectIdentifier(device)
    self.distance = distance
    self.translatesSACK = translatesSACK
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    if let segment = SegmentEditor(frame) {
      if ObjectIdentifier(hop.sender) == moved {
        segment.store32(segment.load32(at: 4) &+ distance, at: 4)
      } else if segment.flags.contains(.ack) {
        segment.store32(segment.load32(at: 8) &- distance, at: 8)
        if translatesSACK { moveBlocks(segment) }
      }
    }
    hop.pass(frame)
  }

  private func moveBlocks(_ segment: SegmentEditor) {
    segment.forEachOption { kind, place in
      guard kind == 5 else { return }
      for offset in stride(from: place.lowerBound + 2, through: place.upperBound - 4, by: 4) {
        segment.store32(segment.load32(at: offset) &- distance, at: offset)
      }
    }
  }
}
