/// Why bytes are not what a format says. One counter each in the stack's metrics.
public enum WireError: Error, Equatable, Sendable, CaseIterable {
  /// Fewer bytes than the format's shortest message, or than its length field says.
  case truncated
  /// A version, hardware type or operation of another format.
  case unsupported
  /// A length field that contradicts the format or the bytes.
  case badLength
  /// The checksum says that bytes were changed on the way.
  case badChecksum
  /// An option that does not end, or is shorter than its meaning.
  case badOption
  /// A DNS name that is too long, does not end, or whose pointer does not lead back.
  case badName
  /// A field whose value the format forbids, such as a source port of 0.
  case badValue
}
