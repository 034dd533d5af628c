// RFC 9293 §3.2, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3 before changing this file.

import Bytes

/// The timestamps of a segment (RFC 7323 §3.2).
public struct TCPTimestamps: Equatable, Sendable {
  /// TSval: the sender's clock.
  public var value: UInt32
  /// TSecr: the peer's clock, as last seen. Means something only beside ACK.
  public var echo: UInt32

  /// Timestamps.
  public init(value: UInt32, echo: UInt32) {
    self.value = value
    self.echo = echo
  }
}

/// A piece of the stream that arrived beyond a gap (RFC 2018 §3).
public struct SACKBlock: Equatable, Sendable {
  /// Its first byte.
  public var start: SequenceNumber
  /// Behind its last byte.
  public var end: SequenceNumber

  /// A block.
  public init(start: SequenceNumber, end: SequenceNumber) {
    self.start = start
    self.end = end
  }
}

/// What the options of a segment say; unknown ones are skipped. A value that is both read and written.
public struct TCPOptions: Equatable, Sendable {
  /// Bytes of options in a segment, at most.
  public static let maximumByteCount = 40
  /// Larger shifts count as this one (RFC 7323 §2.3).
  public static let maximumWindowScale: UInt8 = 14
  /// SACK blocks in a segment, at most; 3 beside timestamps.
  public static let maximumSACKBlockCount = 4

  /// The largest payload the sender takes; in a SYN only.
  public var maximumSegmentSize: UInt16?
  /// The shift of the sender's windows, 0...14; in a SYN only.
  public var windowScale: UInt8?
  /// Whether the sender takes SACK; in a SYN only.
  public var isSACKPermitted = false
  /// Both clocks.
  public var timestamps: TCPTimestamps?
  /// How many SACK blocks there are: 0...4.
  public private(set) var sackBlockCount = 0
  private var blocks = InlineArray<4, SACKBlock>(repeating: .none)

  /// No options.
  public init() {}

  /// The SACK block at `index`, the most recent one first. Traps outside 0..<`sackBlockCount`.
  public func sackBlock(_ index: Int) -> SACKBlock {
    precondition(index < sackBlockCount)
    return blocks[index]
  }

  /// Adds a SACK block behind the others. Traps when there are 4.
  public mutating func appendSACKBlock(_ block: SACKBlock) {
    blocks[sackBlockCount] = block
    sackBlockCount += 1
  }

  /// Whether all fields are the same; which blocks are unused does not count.
  public static func == (a: TCPOptions, b: TCPOptions) -> Bool {
    guard a.maximumSegmentSize == b.maximumSegmentSize, a.windowScale == b.windowScale,
      a.isSACKPermitted == b.isSACKPermitted, a.timestamps == b.timestamps,
      a.sackBlockCount == b.sackBlockCount
    else { return false }
    for index in 0..<a.sackBlockCount where a.sackBlock(index) != b.sackBlock(index) { return false }
    return true
  }

  // The kinds (IANA TCP Option Kind Numbers).
  private static let end: UInt8 = 0
  private static let noOperation: UInt8 = 1
  private static let kindMSS: UInt8 = 2
  private static let kindWindowScale: UInt8 = 3
  private static let kindSACKPermitted: UInt8 = 4
  private static let kindSACK: UInt8 = 5
  private static let kindTimestamps: UInt8 = 8

  /// Reads options. One that does not end, or has not the length of its kind, is a `badOption`
  /// (RFC 9293 §3.1, MUST-7). Of an option that comes twice the last one counts.
  init(validating bytes: RawSpan) throws(WireError) {
    let count = bytes.byteCount
    // What nearly every segment has: two NOPs and timestamps (RFC 7323, appendix A).
    if count == 12 && bytes.bigEndian32(at: 0) == 0x0101_080a {
      timestamps = TCPTimestamps(value: bytes.bigEndian32(at: 4), echo: bytes.bigEndian32(at: 8))
      return
    }
    var offset = 0
    while offset < count {
      let kind = bytes.byte(at: offset)
      if kind == Self.end { return }
      if kind == Self.noOperation {
        offset += 1
        continue
      }
      guard offset + 1 < count else { throw .badOption }
      let length = Int(bytes.byte(at: offset + 1))
      guard length >= 2, offset + length <= count else { throw .badOption }
      try read(kind, bytes.extracting(offset + 2..<offset + length))
      offset += length
    }
  }

  private mutating func read(_ kind: UInt8, _ data: RawSpan) throws(WireError) {
    switch (kind, data.byteCount) {
    case (Self.kindMSS, 2): maximumSegmentSize = data.bigEndian16(at: 0)
    case (Self.kindWindowScale, 1): windowScale = min(data.byte(at: 0), Self.maximumWindowScale)
    case (Self.kindSACKPermitted, 0): isSACKPermitted = true
    case (Self.kindTimestamps, 8):
      timestamps = TCPTimestamps(value: data.bigEndian32(at: 0), echo: data.bigEndian32(at: 4))
    case (Self.kindSACK, 8...32) where data.byteCount % 8 == 0:
      sackBlockCount = 0
      for index in 0..<data.byteCount / 8 {
        appendSACKBlock(
          SACKBlock(
            start: SequenceNumber(data.bigEndian32(at: index * 8)),
            end: SequenceNumber(data.bigEndian32(at: index * 8 + 4))))
      }
    case (Self.kindMSS, _), (Self.kindWindowScale, _), (Self.kindSACKPermitted, _),
      (Self.kindTimestamps, _), (Self.kindSACK, _):
      throw .badOption
    default: break
    }
  }

  /// Bytes they take, a multiple of 4. More than 40 do not fit in a segment.
  public var byteCount: Int {
    (maximumSegmentSize == nil ? 0 : 4) + (windowScale == nil ? 0 : 4) + (isSACKPermitted ? 4 : 0)
      + (timestamps == nil ? 0 : 12) + (sackBlockCount == 0 ? 0 : 4 + 8 * sackBlockCount)
  }

  /// Appends them, each aligned to 4 bytes by NOPs in front.
  @_lifetime(output: copy output)
  func write(into output: inout OutputRawSpan) {
    if let maximumSegmentSize {
      output.append(bigEndian: 0x0004_0000 | UInt32(Self.kindMSS) << 24 | UInt32(maximumSegmentSize))
    }
    if let windowScale {
      precondition(windowScale <= Self.maximumWindowScale)
      output.append(bigEndian: 0x0100_0300 | UInt32(Self.kindWindowScale) << 16 | UInt32(windowScale))
    }
    if isSACKPermitted {
      output.append(bigEndian: 0x0101_0002 | UInt32(Self.kindSACKPermitted) << 8)
    }
    if let timestamps {
      output.append(bigEndian: 0x0101_080a_0000_0000 | UInt64(timestamps.value))
      output.append(bigEndian: timestamps.echo)
    }
    if sackBlockCount > 0 {
      output.append(bigEndian: 0x0101_0002 | UInt32(Self.kindSACK) << 8 + UInt32(8 * sackBlockCount))
      for index in 0..<sackBlockCount {
        let block = sackBlock(index)
        output.append(bigEndian: UInt64(block.start.rawValue) << 32 | UInt64(block.end.rawValue))
      }
    }
  }
}

extension SACKBlock {
  fileprivate static let none = SACKBlock(start: SequenceNumber(0), end: SequenceNumber(0))
}
