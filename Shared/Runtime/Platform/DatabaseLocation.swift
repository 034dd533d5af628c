/// Where a service's database is: what a machine gives its service, and `Storage` opens.
public enum DatabaseLocation {
  /// A file of the operating system's.
  case file(path: String)
  /// A disk of its own, in Souk's layout.
  case device(any BlockDevice)

  /// How to speak of it.
  public var text: String {
    switch self {
    case .file(let path): path
    case .device: "the disk"
    }
  }
}
