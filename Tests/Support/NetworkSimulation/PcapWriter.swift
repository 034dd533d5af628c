// draft-ietf-opsawg-pcap (the classic format) before changing this file.

import Glibc
import Platform

/// The frames of a run as a classic pcap of Ethernet with nanoseconds, kept in memory and bounded: the beginning, where
/// connections open, and the latest, where a run fails. What lies between is left out.
public final class PcapWriter {
  /// The environment variable that names the folder for captures; without it they go to /tmp.
  public static let folderVariable = "SOUK_SIMULATION_CAPTURES"

  private static let recordHeaderByteCount = 16
  private let snapByteCount: Int
  private let headLimit: Int
  private let halfLimit: Int
  private var head: [UInt8] = []
  private var older: [UInt8] = []
  private var newer: [UInt8] = []
  private var isHeadFull = false
  /// Frames that are not in it any more.
  public private(set) var omittedFrameCount = 0
  private var olderFrameCount = 0
  private var newerFrameCount = 0

  /// Keeps at most about `byteLimit` bytes, and of each frame the first `snapByteCount`.
  public init(byteLimit: Int = 16 << 20, snapByteCount: Int = 65_600) {
    precondition(byteLimit >= 4 * (snapByteCount + Self.recordHeaderByteCount) && snapByteCount > 0)
    self.snapByteCount = snapByteCount
    headLimit = byteLimit / 4
    halfLimit = byteLimit * 3 / 8
  }

  /// Adds a frame.
  public func record(_ frame: UnsafeRawBufferPointer, at time: Instant) {
    let kept = min(frame.count, snapByteCount)
    if !isHeadFull {
      if head.count + Self.recordHeaderByteCount + kept <= headLimit {
        return Self.append(frame, kept, at: time, to: &head)
      }
      isHeadFull = true
    }
    if newer.count + Self.recordHeaderByteCount + kept > halfLimit {
      swap(&older, &newer)
      omittedFrameCount += olderFrameCount
      olderFrameCount = newerFrameCount
      newer.removeAll(keepingCapacity: true)
      newerFrameCount = 0
    }
    Self.append(frame, kept, at: time, to: &newer)
    newerFrameCount += 1
  }

  private static func append(
    _ frame: UnsafeRawBufferPointer, _ kept: Int, at time: Instant, to bytes: inout [UInt8]
  ) {
    append(UInt32(truncatingIfNeeded: time.nanoseconds / 1_000_000_000), to: &bytes)
    append(UInt32(time.nanoseconds % 1_000_000_000), to: &bytes)
    append(UInt32(kept), to: &bytes)
    append(UInt32(frame.count), to: &bytes)
    bytes.append(contentsOf: frame.prefix(kept))
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  /// The whole file, little-endian.
  public var file: [UInt8] {
    var bytes: [UInt8] = []
    Self.append(0xa1b2_3c4d, to: &bytes)
    // Version 2.4.
    Self.append(0x0004_0002, to: &bytes)
    Self.append(0, to: &bytes)
    Self.append(0, to: &bytes)
    Self.append(UInt32(snapByteCount), to: &bytes)
    // LINKTYPE_ETHERNET.
    Self.append(1, to: &bytes)
    return bytes + head + older + newer
  }

  /// Where the capture of `seed` belongs.
  public static func path(seed: UInt64) -> String {
    let folder = getenv(folderVariable).map { String(cString: $0) } ?? "/tmp"
    return "\(folder)/souk-simulation-\(seed).pcap"
  }

  /// Writes the file; false when that was not possible.
  public func write(to path: String) -> Bool {
    guard let file = fopen(path, "wb") else { return false }
    let bytes = self.file
    let written = fwrite(bytes, 1, bytes.count, file)
    return fclose(file) == 0 && written == bytes.count
  }
}
