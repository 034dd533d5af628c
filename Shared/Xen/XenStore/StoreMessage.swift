// xen/io/xs_wire.h (xsd_sockmsg) before changing this file.

import Bytes
import XenRing

/// One message of the protocol: a header of four words, and a payload.
struct StoreMessage {
  /// What a message is (xsd_sockmsg_type).
  enum Kind: UInt32 {
    case directory = 1
    case read = 2
    case watch = 4
    case unwatch = 5
    case transactionStart = 6
    case transactionEnd = 7
    case write = 11
    case remove = 13
    case watchEvent = 15
    case error = 16
  }

  static let headerByteCount = 16
  /// XENSTORE_PAYLOAD_MAX.
  static let maximumPayloadByteCount = 4096

  /// Its kind; one that is not listed here is nil.
  var kind: Kind?
  /// The request that it is, or answers.
  var request: UInt32
  /// The transaction, or 0.
  var transaction: UInt32
  var payload: [UInt8]

  /// The message on the wire.
  var bytes: [UInt8] {
    var bytes = ByteBuffer(capacity: Self.headerByteCount + payload.count)
    Self.append(kind?.rawValue ?? 0, to: &bytes)
    Self.append(request, to: &bytes)
    Self.append(transaction, to: &bytes)
    Self.append(UInt32(payload.count), to: &bytes)
    bytes.append(payload)
    return bytes.array()
  }

  /// Appends a word, its lowest byte first.
  @inline(never)
  private static func append(_ word: UInt32, to bytes: inout ByteBuffer) {
    var rest = word
    for _ in 0..<4 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// A request about `path`, behind which a zero byte and `rest` stand.
  init(_ kind: Kind, request: UInt32, transaction: UInt32, _ path: String, _ rest: String) {
    self.kind = kind
    self.request = request
    self.transaction = transaction
    payload = Array((path + "\0" + rest).utf8)
  }

  /// Takes the first message off `bytes`; nil while it is not all there.
  init?(takenFrom bytes: inout [UInt8]) throws(XenError) {
    guard bytes.count >= Self.headerByteCount else { return nil }
    func word(_ index: Int) -> UInt32 {
      var value: UInt32 = 0
      for offset in 0..<4 { value |= UInt32(bytes[4 * index + offset]) << UInt32(8 * offset) }
      return value
    }
    let count = word(3)
    guard count <= UInt32(Self.maximumPayloadByteCount) else { throw .broken("a message is too long") }
    let end = Self.headerByteCount + Int(count)
    guard bytes.count >= end else { return nil }
    kind = Kind(rawValue: word(0))
    request = word(1)
    transaction = word(2)
    payload = Array(bytes[Self.headerByteCount..<end])
    bytes.removeFirst(end)
  }

  /// The texts in `payload`, each ended by a zero byte (or the payload's end). Empty ones are left out.
  static func texts(_ payload: [UInt8]) -> [String] {
    var texts: [String] = []
    var start = 0
    for end in 0...payload.count where end == payload.count || payload[end] == 0 {
      if end > start { texts.append(String(utf8: payload[start..<end])) }
      start = end + 1
    }
    return texts
  }

  /// The whole `payload` as text, without a zero byte at its end.
  static func text(_ payload: [UInt8]) -> String {
    String(utf8: payload.last == 0 ? payload.dropLast() : payload[...])
  }
}
