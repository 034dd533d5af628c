import DiskSimulation
import Platform

@testable import Disk

/// Bytes that count up.
final class CountingEntropy: Entropy {
  private var next: UInt8 = 1
  func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    for index in bytes.indices {
      bytes[index] = next
      next &+= 1
    }
  }
}

extension SimulatedDisk {
  /// An empty disk of the service "test".
  static func formatted(byteCount: Int = 2 << 20, sectorByteCount: Int = 512) -> SimulatedDisk {
    let disk = SimulatedDisk(byteCount: byteCount, sectorByteCount: sectorByteCount)
    try! Disk.format(disk, service: "test", id: DiskID(CountingEntropy()))
    return disk
  }
}

/// All of a file on a device.
func contents(of kind: DiskFileKind, on device: SimulatedDisk) throws -> [UInt8] {
  try Disk(device).file(kind).bytes()
}

extension DiskFile {
  /// Writes an array.
  func write(_ bytes: [UInt8], at offset: Int64) throws(DiskError) {
    var failure: DiskError?
    // Safe: the pointer is used only during the call.
    bytes.withUnsafeBytes { bytes in
      do throws(DiskError) { try write(bytes, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Up to `count` bytes from `offset` on.
  func bytes(_ count: Int, at offset: Int64) throws(DiskError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    var result: Result<Int, DiskError> = .success(0)
    // Safe: the pointer is used only during the call.
    bytes.withUnsafeMutableBytes { bytes in
      do throws(DiskError) {
        result = .success(try read(at: offset, into: bytes))
      } catch {
        result = .failure(error)
      }
    }
    return Array(bytes[..<(try result.get())])
  }

  /// All of it.
  func bytes() throws(DiskError) -> [UInt8] { try bytes(Int(byteCount), at: 0) }
}

/// Reproducible numbers: SplitMix64.
struct Dice {
  var state: UInt64

  mutating func next(below limit: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((word ^ (word >> 31)) % UInt64(limit))
  }
}
