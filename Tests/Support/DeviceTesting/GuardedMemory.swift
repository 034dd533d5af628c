import Platform

/// Memory for a driver, with a page of a known pattern before and behind each piece.
public final class GuardedMemory: DMAMemory {
  private static let guardByteCount = 4096
  private static let pattern: UInt8 = 0xa5
  private static let untouched = [UInt8](repeating: pattern, count: guardByteCount)

  /// What was given to the driver, in order.
  public private(set) var regions: [UnsafeMutableRawBufferPointer] = []
  private var budget: Int

  /// At most `budget` bytes.
  public init(budget: Int = .max) { self.budget = budget }

  deinit { for region in regions { (region.baseAddress! - Self.guardByteCount).deallocate() } }

  public func allocate(byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount <= budget else { return nil }
    budget -= byteCount
    let all = UnsafeMutableRawPointer.allocate(
      byteCount: byteCount + 2 * Self.guardByteCount, alignment: 4096)
    let start = all + Self.guardByteCount
    all.initializeMemory(as: UInt8.self, repeating: Self.pattern, count: Self.guardByteCount)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    (start + byteCount).initializeMemory(as: UInt8.self, repeating: Self.pattern, count: Self.guardByteCount)
    regions.append(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
    return start
  }

  /// Whether nobody wrote beside what was given out.
  public var isWhole: Bool {
    regions.allSatisfy { region in
      let before = UnsafeRawBufferPointer(
        start: region.baseAddress! - Self.guardByteCount, count: Self.guardByteCount)
      let behind = UnsafeRawBufferPointer(
        start: region.baseAddress! + region.count, count: Self.guardByteCount)
      return Array(before) == Self.untouched && Array(behind) == Self.untouched
    }
  }

  /// Whether all these bytes were given out.
  public func contains(_ bytes: UnsafeRawBufferPointer) -> Bool {
    regions.contains { region in
      bytes.baseAddress! >= UnsafeRawPointer(region.baseAddress!)
        && bytes.baseAddress! + bytes.count <= UnsafeRawPointer(region.baseAddress! + region.count)
    }
  }
}
