import Bytes
import CheckoutAPI
import Cryptography

/// Cursors of the list of orders: the sequence number behind which a page begins, sealed so that one that is
/// damaged, made up, or of another list is known as such.
struct OrderCursor: Sendable {
  private let key: [UInt8]
  private static let tagByteCount = 12

  /// `secret` is the shop's; cursors stay valid as long as it does.
  init(secret: String) { key = Array(secret.utf8) }

  /// The cursor that continues the list of orders in `state` behind `sequence`.
  func encode(_ sequence: Int64, of state: OrderState?) -> String {
    var payload: [UInt8] = []
    for shift in stride(from: 56, through: 0, by: -8) {
      payload.append(UInt8(truncatingIfNeeded: sequence >> Int64(shift)))
    }
    return Base64URL.encode(tag(payload, state) + payload)
  }

  /// The sequence number in a cursor of the list of orders in `state`; nil when it is not one.
  func decode(_ cursor: String, of state: OrderState?) -> Int64? {
    guard let bytes = Base64URL.decode(cursor), bytes.count == Self.tagByteCount + 8 else { return nil }
    let payload = Array(bytes[Self.tagByteCount...])
    guard constantTimeEqual(Array(bytes[..<Self.tagByteCount]), tag(payload, state)) else { return nil }
    return payload.reduce(0) { $0 << 8 | Int64($1) }
  }

  private func tag(_ payload: [UInt8], _ state: OrderState?) -> [UInt8] {
    let message = Array("souk checkout cursor \(state?.rawValue ?? "all") ".utf8) + payload
    return Array(HMACSHA256.authenticate(message, key: key)[..<Self.tagByteCount])
  }
}
