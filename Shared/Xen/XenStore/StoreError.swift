/// Why xenstored did not do what it was asked.
public enum StoreError: Error, Equatable {
  /// There is no such node (ENOENT).
  case missing
  /// The transaction met another one (EAGAIN): try it again.
  case again
  /// Another of its errors, by name, such as EACCES.
  case refused(String)
  /// No reply in time.
  case timedOut
  /// The daemon broke the protocol; nothing more is asked of it.
  case broken(String)
  /// A path or value is longer than the protocol takes.
  case tooLong

  /// In words, for a console line.
  public var description: String {
    switch self {
    case .missing: "there is no such node"
    case .again: "the transaction met another one"
    case .refused(let name): name
    case .timedOut: "no reply in time"
    case .broken(let reason): reason
    case .tooLong: "a path or value is too long"
    }
  }

  /// What the daemon's `name` of an error means.
  init(name: String) {
    self =
      switch name {
      case "ENOENT": .missing
      case "EAGAIN": .again
      default: .refused(name)
      }
  }
}
