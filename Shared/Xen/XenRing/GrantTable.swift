/// Lends pages of this domain to others (xen/grant_table.h). Drivers know only this, so that tests can simulate it.
public protocol GrantTable: AnyObject {
  /// Lets `domain` read, and write unless `isReadOnly`, the page at `page` (a multiple of 4,096). Returns the grant
  /// reference; throws when the table is full.
  func grant(_ page: UnsafeMutableRawPointer, to domain: UInt16, isReadOnly: Bool) throws(XenError) -> UInt32
  /// Takes the grant back. False while the other domain has the page mapped: then it stays granted.
  func end(_ reference: UInt32) -> Bool
}
