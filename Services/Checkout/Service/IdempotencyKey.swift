import Bytes
import Cryptography
import HTTPCore
import JSON
import Platform

/// The name a buyer's program gives to one attempt to order (the `Idempotency-Key` header).
public struct IdempotencyKey: Equatable, Hashable, Sendable {
  /// 1 to 255 visible ASCII characters.
  public let text: String

  /// Characters at most.
  public static let maximumLength = 255
  /// How long a recorded answer is kept.
  public static let lifetime = Duration.seconds(30 * 24 * 60 * 60)

  /// A key; nil when `text` is empty, too long, or has anything but visible ASCII characters.
  public init?(_ text: String) {
    guard (1...Self.maximumLength).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { return nil }
    self.text = text
  }
}

/// What makes two bodies the same request: SHA-256 over the JSON value with its members sorted, so white space
/// and the order of members do not matter, and everything else does.
public struct Fingerprint: Equatable, Hashable, Sendable {
  /// 32 bytes.
  public let bytes: [UInt8]

  /// What was stored.
  init(stored bytes: [UInt8]) { self.bytes = bytes }

  /// The fingerprint of a body.
  public init(of body: JSON) {
    var writer = JSONWriter()
    writer.value(Self.sorted(body))
    bytes = SHA256.hash(writer.bytes)
  }

  private static func sorted(_ json: JSON) -> JSON {
    switch json {
    case .array(let elements): .array(elements.map(sorted))
    case .object(let object):
      .object(
        JSONObject(
          object.members.map { (key: $0.key, value: sorted($0.value)) }
            .ordered { $0.key.precedesByBytes($1.key) }))
    default: json
    }
  }
}

/// What is known about a key.
public struct KeyRecord: Equatable, Sendable {
  /// The body it came with.
  public var fingerprint: Fingerprint
  /// The order it started.
  public var orderID: String
  /// What was answered; nil while it is in flight.
  public var answer: RecordedAnswer?
}

/// An answer that is given again word for word: 201 with the order, or 402 with the problem.
public struct RecordedAnswer: Equatable, Sendable {
  /// 201 or 402.
  public var status: UInt16
  /// The body's bytes.
  public var body: [UInt8]

  /// The answer to a placed order.
  public static let placed: UInt16 = 201
  /// The answer to a declined payment.
  public static let declined: UInt16 = 402
}
