// RFC 5452 §9 and RFC 1035 §4.2.1 before changing this file.

import Bytes
import Platform
import Wire

/// A look-up in flight; the same for everybody who asks the same meanwhile.
public struct DNSQueryID: Hashable, Sendable {
  let number: UInt64
}

/// One question, asked of one server after another until one answers.
struct DNSQuery: Sendable {
  let id: DNSQueryID
  /// What the callers want to know.
  let original: DNSHostName
  /// What the servers are asked: `original`, or what it is an alias of.
  private(set) var question: DNSHostName
  private(set) var aliasCount = 0
  /// When the shortest-lived alias so far expires.
  private(set) var expiry = Instant.never

  /// When the query ends, whatever is still to be asked.
  let end: Instant
  /// Whether the outcome may be kept: not if the resolver was told of other servers meanwhile.
  var isCurrent = true
  /// Who can be asked, the best first. Not empty.
  let servers: [IPv6Address]
  /// Who answered, but nothing of use; one bit a server.
  private var passedOver: UInt32 = 0
  private var attemptCount = 0
  /// What to say when nobody is left.
  private(set) var failure = DNSFailure.timedOut

  // The datagram that is out.
  private(set) var serverIndex = 0
  private(set) var port: UInt16 = 0
  private(set) var transaction: UInt16 = 0
  private(set) var payload: [UInt8] = []
  private(set) var deadline = Instant.never
  /// Datagrams to `port` from the server's address that were not its answer.
  private(set) var forgeryCount = 0
  /// Ports that the caller could not open.
  private(set) var portRefusalCount = 0

  init(id: DNSQueryID, _ question: DNSHostName, servers: [IPv6Address], at now: Instant) {
    precondition(!servers.isEmpty && servers.count <= DNSResolver.maximumServerCount)
    self.id = id
    self.original = question
    self.question = question
    self.servers = servers
    end = now + DNSResolver.longestQuery
  }

  var server: IPv6Address { servers[serverIndex] }

  /// Writes the datagram for the next server, with an id, port and case of letters of its own; false when nobody is
  /// left to be asked. `isTaken` says which ports other queries have.
  mutating func ask(
    _ numbers: inout KeyedNumbers, mixesCase: Bool, at now: Instant, isTaken: (UInt16) -> Bool
  ) -> Bool {
    let roundLimit = DNSResolver.maximumRoundCount
    while attemptCount < servers.count * roundLimit,
      passedOver >> UInt32(attemptCount % servers.count) & 1 == 1
    {
      attemptCount += 1
    }
    guard now < end, attemptCount < servers.count * roundLimit else { return false }
    serverIndex = attemptCount % servers.count
    deadline = min(now + DNSResolver.firstTimeout * (1 << (attemptCount / servers.count)), end)
    attemptCount += 1
    write(&numbers, mixesCase: mixesCase, isTaken: isTaken)
    return true
  }

  /// The same question to the same server from another port.
  mutating func changePort(
    _ numbers: inout KeyedNumbers, mixesCase: Bool, isTaken: (UInt16) -> Bool
  ) -> Bool {
    portRefusalCount += 1
    guard portRefusalCount < DNSResolver.maximumPortRefusalCount else { return false }
    write(&numbers, mixesCase: mixesCase, isTaken: isTaken)
    return true
  }

  private mutating func write(
    _ numbers: inout KeyedNumbers, mixesCase: Bool, isTaken: (UInt16) -> Bool
  ) {
    forgeryCount = 0
    let bits = numbers.next()
    transaction = UInt16(truncatingIfNeeded: bits)
    // 49152...65535 are exactly 14 bits; the next free one, if another query of ours has it.
    port = UInt16(truncatingIfNeeded: bits >> 16) | 0xc000
    while isTaken(port) { port = (port &+ 1) | 0xc000 }
    let name = mixesCase ? question.mixedCase(&numbers) : question.text
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: DNSMessage.maximumUDPByteCount) { room in
      do throws(WireError) {
        try DNSWriter.query(id: transaction, name, question.type, into: &room)
      } catch {
        preconditionFailure("a host's name is writable")
      }
    }
    payload = buffer.array()
  }

  /// Whether a response repeats the question byte for byte. (A first question cannot be compressed: it has nothing
  /// before it to point to.)
  func isRepeated(in response: RawSpan) -> Bool {
    let start = DNSMessage.headerByteCount
    guard response.byteCount >= payload.count else { return false }
    for index in start..<payload.count where response.byte(at: index) != payload[index] { return false }
    return true
  }

  /// Counts a datagram that was not the answer; true when there were too many of them.
  mutating func countForgery() -> Bool {
    forgeryCount += 1
    return forgeryCount >= DNSResolver.maximumForgeryCount
  }

  /// The server that was asked is not asked again.
  mutating func passOver(_ reason: DNSRefusal) {
    passedOver |= 1 << UInt32(serverIndex)
    // That an answer exists and is too long says more than another server's failure.
    if failure != .truncated { failure = reason == .truncated ? .truncated : .serverFailure }
  }

  /// Goes on with what the question is an alias of.
  mutating func follow(_ alias: DNSHostName, count: Int, until expiry: Instant) {
    question = alias
    aliasCount += count
    self.expiry = min(self.expiry, expiry)
    passedOver = 0
    attemptCount = 0
    failure = .timedOut
  }
}
