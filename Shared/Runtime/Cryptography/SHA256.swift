import CBearSSL

/// The hash of FIPS 180-4, by BearSSL.
public enum SHA256 {
  /// Bytes of a hash.
  public static let byteCount = 32

  /// The hash of `bytes`.
  public static func hash(_ bytes: [UInt8]) -> [UInt8] { hash(bytes.span.bytes) }

  /// The hash of `bytes`.
  public static func hash(_ bytes: RawSpan) -> [UInt8] {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }
}

/// A hash of bytes that come in pieces. A copy goes on independently.
public struct SHA256Hasher {
  private var context = br_sha256_context()

  /// Nothing hashed yet.
  public init() { br_sha256_init(&context) }

  /// Adds `bytes`.
  public mutating func update(_ bytes: RawSpan) {
    // br_sha256_update is a macro for this: the two hashes differ in how they start and end.
    bytes.withUnsafeBytes { br_sha224_update(&context, $0.baseAddress, $0.count) }
  }

  /// Adds `bytes`.
  public mutating func update(_ bytes: [UInt8]) { update(bytes.span.bytes) }

  /// The hash of all bytes so far; more may follow.
  public func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { room, count in
      // BearSSL writes all 32 bytes, and only them.
      withUnsafePointer(to: context) { br_sha256_out($0, room.baseAddress) }
      count = SHA256.byteCount
    }
  }
}
