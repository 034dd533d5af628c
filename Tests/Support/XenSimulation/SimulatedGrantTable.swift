import XenRing

/// A grant table of limited size: what is in it can be mapped by the domain that it was granted to, and by no other.
public final class SimulatedGrantTable: GrantTable {
  private struct Entry {
    var page: UnsafeMutableRawPointer
    var domain: UInt16
    var isMapped = false
  }

  private let capacity: Int
  private var entries: [UInt32: Entry] = [:]
  private var nextReference: UInt32 = 8
  /// What was done wrong, by either side.
  public var faults: [String] = []
  /// How often a page was granted.
  public private(set) var grantCalls = 0

  /// A table of so many entries.
  public init(capacity: Int = .max) { self.capacity = capacity }

  /// Pages that are granted at this moment.
  public var grantedCount: Int { entries.count }

  public func grant(
    _ page: UnsafeMutableRawPointer, to domain: UInt16, isReadOnly: Bool
  ) throws(XenError) -> UInt32 {
    guard entries.count < capacity else { throw XenError("the grant table is full") }
    if UInt(bitPattern: page) % 4096 != 0 { faults.append("a grant of no page") }
    if entries.values.contains(where: { $0.page == page }) { faults.append("a page granted twice") }
    grantCalls += 1
    nextReference += 1
    entries[nextReference] = Entry(page: page, domain: domain)
    return nextReference
  }

  public func end(_ reference: UInt32) -> Bool {
    guard let entry = entries[reference] else {
      faults.append("the end of what is not granted: \(reference)")
      return true
    }
    guard !entry.isMapped else { return false }
    entries[reference] = nil
    return true
  }

  /// What domain `domain` finds under `reference`; nil, and a fault, when that is nothing.
  public func page(_ reference: UInt32, for domain: UInt16) -> UnsafeMutableRawPointer? {
    guard let entry = entries[reference], entry.domain == domain else {
      faults.append("reference \(reference) was used and is not granted to domain \(domain)")
      return nil
    }
    return entry.page
  }

  /// The domain maps the page, and keeps it so.
  public func map(_ reference: UInt32, for domain: UInt16) -> UnsafeMutableRawPointer? {
    guard let page = page(reference, for: domain) else { return nil }
    entries[reference]?.isMapped = true
    return page
  }

  /// The domain is gone, or lets go of everything.
  public func unmapAll() { for reference in entries.keys { entries[reference]?.isMapped = false } }

  /// The domain was restored elsewhere: a new table, without anything in it.
  public func clear() {
    entries.removeAll()
    nextReference = 8
  }
}
