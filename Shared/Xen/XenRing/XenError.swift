/// Why a device of Xen's, or its handshake, was given up.
public struct XenError: Error, Equatable {
  /// In words, for a console line.
  public let description: String

  /// An error that says `description`.
  public init(_ description: String) { self.description = description }
}
