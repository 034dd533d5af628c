import Disk
import Platform

/// Where a database is, and what its VFS needs besides.
struct DatabaseSource {
  let location: DatabaseLocation
  /// Whose disk it has to be.
  let service: String
  let entropy: any Entropy
  let clock: any Clock

  /// The disk on `device`.
  func disk(_ device: any BlockDevice) throws(StorageError) -> Disk {
    do throws(DiskError) {
      return try Disk(device, service: service)
    } catch {
      throw .disk(error)
    }
  }
}
