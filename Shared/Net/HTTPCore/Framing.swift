/// The version of a message.
public enum Version: UInt8, Equatable, Sendable {
  /// HTTP/1.0.
  case http10
  /// HTTP/1.1.
  case http11
}

/// How the end of a message's content is found (RFC 9112 §6.3).
public enum Framing: Equatable, Sendable {
  /// No content follows.
  case none
  /// So many bytes follow; 0 when the sender said 0.
  case length(UInt64)
  /// Chunks follow.
  case chunked
  /// Everything until the peer closes; responses only.
  case untilClose

  /// Whether at least one byte may follow.
  public var mayHaveContent: Bool {
    switch self {
    case .none, .length(0): false
    default: true
    }
  }
}
