import Bytes
import CBearSSL

/// The keyed hash of RFC 2104 with SHA-256, by BearSSL.
public enum HMACSHA256 {
  /// Bytes of a tag.
  public static let byteCount = 32

  /// The tag of `message` under `key`, which may have any length; 32 random bytes are right.
  public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var keyContext = br_hmac_key_context()
    key.withUnsafeBytes {
      br_hmac_key_init(&keyContext, souk_bearssl_sha256(), $0.baseAddress, $0.count)
    }
    var context = br_hmac_context()
    br_hmac_init(&context, &keyContext, 0)
    message.withUnsafeBytes { br_hmac_update(&context, $0.baseAddress, $0.count) }
    // With an output length of 0 at `init`, BearSSL writes SHA-256's full 32 bytes.
    return [UInt8](unsafeUninitializedCapacity: byteCount) { room, count in
      count = br_hmac_out(&context, room.baseAddress)
    }
  }

  /// Whether `tag` is the whole tag of `message` under `key`. Takes as long for a wrong tag as for the right one.
  public static func isValid(_ tag: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
    constantTimeEqual(tag, authenticate(message, key: key))
  }
}

/// Whether two secrets are the same, in a time that depends only on their lengths.
///
/// Compare hashes or fixed-length tokens with it: the length itself is not hidden.
@inline(never)
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in left.indices { difference |= left[index] ^ right[index] }
  return difference == 0
}

/// Whether two secret texts are the same, byte for byte.
public func constantTimeEqual(_ left: String, _ right: String) -> Bool {
  constantTimeEqual(Array(left.utf8), Array(right.utf8))
}
