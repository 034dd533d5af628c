// xen/grant_table.h before changing this file.
import Bytes
import Platform

/// Pages that are lent to one backend after the other, as long as a device lives. No page is ever used for anything
/// else: a backend that does not let go of one can spoil what the device moves, and nothing beside it.
public final class GrantedPages {
  /// Bytes in a page.
  public static let pageByteCount = 4096

  /// The first page; the others follow.
  public let start: UnsafeMutableRawPointer
  /// How many they are.
  public let count: Int

  private let memory: any DMAMemory
  private let table: any GrantTable
  private let references: UnsafeMutablePointer<UInt32>
  private let isGranted: UnsafeMutablePointer<Bool>
  private var domain: UInt16 = 0

  /// `count` pages out of `memory`, granted to nobody. Throws when there are not so many.
  public init(count: Int, memory: any DMAMemory, table: any GrantTable) throws(XenError) {
    guard let start = memory.allocate(byteCount: count * Self.pageByteCount) else {
      throw XenError("no memory for " + String(count) + " pages of a device")
    }
    self.memory = memory
    self.table = table
    self.start = start
    self.count = count
    start.initializeMemory(as: UInt8.self, repeating: 0, count: count * Self.pageByteCount)
    references = .allocate(capacity: count)
    references.initialize(repeating: 0, count: count)
    isGranted = .allocate(capacity: count)
    isGranted.initialize(repeating: false, count: count)
  }

  deinit {
    references.deallocate()
    isGranted.deallocate()
  }

  /// Page `index`.
  @inlinable public func page(_ index: Int) -> UnsafeMutableRawPointer {
    start + index * GrantedPages.pageByteCount
  }

  /// The reference that the backend knows page `index` by. Only between `grant` and `end`.
  public func reference(_ index: Int) -> UInt32 { references[index] }

  /// Lends the first `limit` pages (all when nil) to `domain`. Throws when the table is full, and when whoever had them
  /// before still has one mapped: it could write over what the next one is given.
  public func grant(to domain: UInt16, limit: Int? = nil) throws(XenError) {
    guard end() else {
      throw XenError(
        "domain " + String(Int(self.domain)) + " keeps pages that domain " + String(Int(domain))
          + " is to have")
    }
    self.domain = domain
    for index in 0..<(limit ?? count) {
      references[index] = try table.grant(page(index), to: domain, isReadOnly: false)
      isGranted[index] = true
    }
  }

  /// Takes every page back that the backend has let go of; false when it has not let go of all.
  @discardableResult public func end() -> Bool {
    var hasAll = true
    for index in 0..<count where isGranted[index] {
      if table.end(references[index]) { isGranted[index] = false } else { hasAll = false }
    }
    return hasAll
  }

  /// The grant table is another one than before (after a restore): nothing is granted any more.
  public func forget() { for index in 0..<count { isGranted[index] = false } }
}
