// RFC 9110 §13.1.1 before changing this file.

import Bytes
import CartAPI
import HTTPCore

/// What `If-Match` asks of a cart's version.
///
/// A cart's entity tag is `"VERSION-DIGEST"`: it changes with every change of the answer, prices and stock included,
/// but what a client must not overwrite unseen is the cart, so any tag of the current version will do.
enum VersionCondition: Equatable, Sendable {
  /// There is no condition, or `*`.
  case none
  /// One of these.
  case oneOf([Int64])

  init(_ condition: EntityTagCondition?) {
    switch condition {
    case nil, .any: self = .none
    case .malformed: self = .oneOf([])
    case .tags(let tags):
      self = .oneOf(tags.compactMap { $0.isWeak ? nil : Self.version(of: $0.opaque) })
    }
  }

  func holds(for version: Int64) -> Bool {
    switch self {
    case .none: true
    case .oneOf(let versions): versions.contains(version)
    }
  }

  private static func version(of opaque: String) -> Int64? {
    guard let dash = opaque.utf8.firstIndex(of: UInt8(ascii: "-")) else { return nil }
    return Int64(opaque[..<dash])
  }

  /// The entity tag of an answer with these bytes. The digest (FNV-1a) only tells answers apart.
  static func entityTag(version: Int64, of body: [UInt8]) -> String {
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in body { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return EntityTag(String(version) + "-" + String(digest, radix: 16)).text
  }
}
