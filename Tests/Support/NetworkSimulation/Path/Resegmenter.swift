import Bytes

/// A box that takes segments apart and sends them on in smaller ones, each whole and right: what a proxy or a network
/// card does that merges segments first and cuts them elsewhere.
final class Resegmenter: PathStage {
  private let byteCount: Int

  /// Cuts into segments with `byteCount` bytes of payload at most.
  init(byteCount: Int) { self.byteCount = byteCount }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    guard let segment = SegmentEditor(frame), segment.payloadByteCount > byteCount,
      segment.flags.isDisjoint(with: [.syn, .rst, .urg])
    else { return hop.pass(frame) }
    let layout = SegmentCutter.Layout(
      ipHeaderByteCount: segment.start - 14, tcpHeaderByteCount: segment.payloadStart - segment.start)
    let header = layout.headerByteCount
    var offset = 0
    while offset < segment.payloadByteCount {
      let count = min(byteCount, segment.payloadByteCount - offset)
      let piece = hop.makeFrame(byteCount: header + count)
      let memory = UnsafeMutableRawBufferPointer(rebasing: piece.memory[..<piece.byteCount])
      memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: frame.bytes[..<header]))
      UnsafeMutableRawBufferPointer(rebasing: memory[header...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: frame.bytes[header + offset..<header + offset + count]))
      SegmentCutter.patch(
        memory, layout, index: offset / byteCount, offset: offset, isFirst: offset == 0,
        isLast: offset + count == segment.payloadByteCount)
      hop.pass(piece)
      offset += count
    }
    hop.drop(frame, "cut")
  }
}
