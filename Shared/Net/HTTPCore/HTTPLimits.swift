/// How much of a message is taken. Reaching a limit exactly is allowed; one more is refused.
public struct HTTPLimits: Equatable, Sendable {
  /// Bytes of a method; more: 501 (RFC 9112 §3).
  public var maximumMethodByteCount = 32
  /// Bytes of a request target; more: 414.
  public var maximumTargetByteCount = 8 * 1024
  /// Bytes of all field lines with their line ends, without the empty line after them; more: 431.
  public var maximumHeaderByteCount = 32 * 1024
  /// Field lines; more: 431.
  public var maximumFieldCount = 100
  /// Bytes of all values of Connection; more: 431. Who passes a message on looks for each of its fields in them.
  public static let maximumConnectionByteCount = 512
  /// Bytes of a response's reason phrase; more: refused.
  public var maximumReasonByteCount = 256
  /// Content in bytes that a `BodyDecoder` passes on; more: 413, before any byte beyond it is passed on.
  public var maximumBodyByteCount = UInt64(Int64.max)
  /// Hexadecimal digits of a chunk size, leading zeros too; more: 400.
  public var maximumChunkSizeDigitCount = 16
  /// Bytes of all trailer lines with their line ends; more: 431.
  public var maximumTrailerByteCount = 8 * 1024
  /// Trailer lines; more: 431.
  public var maximumTrailerFieldCount = 32
  // There is no limit for chunk extensions: none is taken at all.

  /// The limits of the shop.
  public init() {}
}
