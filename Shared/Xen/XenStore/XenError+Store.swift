import Bytes
import XenRing

/// Why xenstored did not do what it was asked.
extension XenError {
  /// There is no such node (ENOENT).
  public static var missing: XenError { XenError("xenstore: there is no such node") }
  /// The transaction met another one (EAGAIN): try it again.
  public static var again: XenError { XenError("xenstore: the transaction met another one") }
  /// No reply in time.
  public static var timedOut: XenError { XenError("xenstore: no reply in time") }
  /// A path or value is longer than the protocol takes.
  public static var tooLong: XenError { XenError("xenstore: a path or value is too long") }

  /// Another of the daemon's errors, by its name, such as EACCES.
  public static func refused(_ name: String) -> XenError { XenError("xenstore: " + name) }
  /// The daemon broke the protocol; nothing more is asked of it.
  public static func broken(_ reason: String) -> XenError { XenError("xenstore: " + reason) }

  /// What the daemon's `name` of an error means.
  static func named(_ name: String) -> XenError {
    switch name {
    case "ENOENT": .missing
    case "EAGAIN": .again
    default: .refused(name)
    }
  }
}
