/// Memory that a device may read and write: its address is what the device calls it by (no IOMMU, mapped to itself).
public protocol DMAMemory: AnyObject {
  /// Memory at a multiple of 4,096 with whatever bytes, or nil when there is none. It lives as long as this object, and
  /// drivers hold this object: a device that was given memory may write to it until it is reset, so none is given back.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer?
}
