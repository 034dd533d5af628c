import Bytes

/// Why a device of Xen's, or its handshake, was given up.
public struct XenError: Error, Equatable {
  /// In words, for a console line.
  public let description: String

  /// An error that says `description`.
  @inline(never)
  public init(_ description: String) { self.description = description }

  @inline(never)
  public static func == (left: XenError, right: XenError) -> Bool { left.description == right.description }
}
