// RFC 9293 §3.1, RFC 3449 and RFC 9293 §3.7.1 before changing this file.

import Wire

/// TCP options by kind.
public struct OptionKinds: OptionSet, Sendable, Equatable {
  /// One bit for each kind.
  public let rawValue: UInt8
  /// Kinds of bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The largest segment.
  public static let maximumSegmentSize = OptionKinds(rawValue: 1 << 2)
  /// The shift of windows.
  public static let windowScale = OptionKinds(rawValue: 1 << 3)
  /// That SACK is understood.
  public static let sackPermitted = OptionKinds(rawValue: 1 << 4)
  /// SACK blocks.
  public static let sack = OptionKinds(rawValue: 1 << 5)
  /// Timestamps. (The kind is 8.)
  public static let timestamps = OptionKinds(rawValue: 1 << 6)

  /// Whether the option with this number on the wire is among them.
  func contains(number: UInt8) -> Bool {
    number == 8 ? contains(.timestamps) : number < 6 && rawValue & 1 << number != 0
  }
}

/// A middlebox that does not like some options and writes NOPs over them, or lowers the largest segment.
final class OptionStripper: PathStage {
  private let kinds: OptionKinds
  private let maximumSegmentSize: UInt16

  /// Takes away `kinds`, and lets no MSS over `maximumSegmentSize` through.
  init(_ kinds: OptionKinds, maximumSegmentSize: UInt16 = .max) {
    self.kinds = kinds
    self.maximumSegmentSize = maximumSegmentSize
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    if let segment = SegmentEditor(frame) {
      segment.forEachOption { kind, place in
        if kinds.contains(number: kind) {
          for offset in place { segment.store(1, at: offset) }
        } else if kind == 2, place.count == 4 {
          clamp(segment, at: place.lowerBound + 2)
        }
      }
    }
    hop.pass(frame)
  }

  private func clamp(_ segment: SegmentEditor, at offset: Int) {
    let memory = segment.frame.memory
    let size = UInt16(memory[segment.start + offset]) << 8 | UInt16(memory[segment.start + offset + 1])
    guard size > maximumSegmentSize else { return }
    segment.store(UInt8(maximumSegmentSize >> 8), at: offset)
    segment.store(UInt8(truncatingIfNeeded: maximumSegmentSize), at: offset + 1)
  }
}
