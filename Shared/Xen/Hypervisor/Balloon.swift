// Xen's docs/misc/xenstore-paths.pandoc (memory/target, memory/static-max) before changing this file.

import CHypervisor

/// Memory that was given back to Xen, as the toolstack asked (`xl mem-set`). It stays this domain's to ask for again.
public final class Balloon {
  private static let pageByteCount = 4096
  private var pages: [UnsafeMutableRawPointer] = []

  /// Nothing was given back.
  public init() {}

  /// Bytes given back now.
  public var byteCount: Int { pages.count * Self.pageByteCount }

  /// Gives memory back, or takes it again, until `wanted` bytes are given; stops early when `mayGive` says that the rest is
  /// needed here, or Xen has no more. Returns whether it got there.
  public func aim(at wanted: Int, mayGive: () -> Bool) -> Bool {
    let count = max(0, wanted) / Self.pageByteCount
    while pages.count < count {
      guard mayGive() else { return false }
      guard let page = hypervisor_give_page() else { return false }
      pages.append(page)
    }
    while pages.count > count {
      guard hypervisor_take_page(pages[pages.count - 1]) else { return false }
      pages.removeLast()
    }
    return true
  }
}
