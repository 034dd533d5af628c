import Bytes
import EventLoop
import XenRing

/// What xenstored was asked, and its reply once it is there.
final class StoreRequest {
  let message: StoreMessage
  /// Where who asked waits.
  let point: WaitPoint
  /// The reply's payload.
  private var reply: [UInt8]?
  /// Why there is no reply.
  private(set) var failure: XenError?

  init(_ message: StoreMessage, loop: EventLoop) {
    self.message = message
    point = WaitPoint(loop: loop)
  }

  /// Whether it has ended, with a reply or without.
  var hasEnded: Bool { reply != nil || failure != nil }

  /// Ends it with a reply.
  func end(with reply: [UInt8]) {
    self.reply = reply
    point.resume()
  }

  /// Ends it without a reply.
  func fail(_ failure: XenError) {
    self.failure = failure
    point.resume()
  }

  // MARK: The reply

  /// Throws what it failed with.
  func check() throws(XenError) {
    if let failure { throw failure }
  }

  /// The reply as text.
  func text() throws(XenError) -> String {
    try check()
    return StoreMessage.text(reply ?? [])
  }

  /// The reply as text; nil when there is no such node.
  func textIfPresent() throws(XenError) -> String? {
    if failure == .missing { return nil }
    return try text()
  }

  /// The reply as texts, each ended by a zero byte (or the reply's end).
  func texts() throws(XenError) -> [String] {
    try check()
    return StoreMessage.texts(reply ?? [])
  }

  /// The reply as the number of a transaction.
  func transaction() throws(XenError) -> StoreTransaction {
    guard let number = UInt64(digits: try text(), upTo: UInt64(UInt32.max)), number != 0 else {
      throw .broken("a transaction has no number")
    }
    return StoreTransaction(number: UInt32(number))
  }
}
