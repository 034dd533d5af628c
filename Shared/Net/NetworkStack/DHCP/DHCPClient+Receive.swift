// RFC 2131 §4.4.1 … §4.4.5 before changing this file.

import Platform
import Wire

extension DHCPClient {
  /// Takes a UDP payload that came to port 68. What does not belong is counted in `refusals` and changes nothing.
  public mutating func receive(_ payload: RawSpan, at now: Instant) -> [DHCPAction] {
    var actions: [DHCPAction] = []
    do throws(DHCPRefusal) { try accept(payload, at: now, &actions) } catch { refusals.count(error) }
    return actions
  }

  private mutating func accept(
    _ payload: RawSpan, at now: Instant, _ actions: inout [DHCPAction]
  ) throws(DHCPRefusal) {
    let message: DHCPv4Message
    do throws(WireError) { message = try DHCPv4Message(validating: payload) } catch { throw .malformed }
    guard message.isReply else { throw .notAReply }
    guard message.clientHardware == configuration.hardware else { throw .otherHardware }
    guard sentCount > 0 || hasLease, message.transaction == transaction else { throw .otherTransaction }
    switch (state, message.type) {
    case (.selecting, .offer):
      let offer = try DHCPLease(message, requestedAt: now, deviceMTU: configuration.deviceMTU)
      requested = (offer.address, offer.server)
      state = .requesting
      startRequesting(at: now, &actions)
    case (.requesting, .ack), (.rebooting, .ack), (.renewing, .ack), (.rebinding, .ack):
      try grant(message, at: now, &actions)
    case (.requesting, .nak), (.rebooting, .nak), (.renewing, .nak), (.rebinding, .nak):
      try takeBack(message, at: now, &actions)
    default: throw .unexpected
    }
  }

  /// By a pattern, as `!=` would copy and compare all of the lease.
  private var hasLease: Bool {
    if case .some = lease { true } else { false }
  }

  /// The server whose answer is waited for; nil when any may answer.
  private var askedServer: IPv4Address? {
    switch state {
    case .requesting: requested?.server
    case .renewing: lease?.server
    default: nil
    }
  }

  private mutating func grant(
    _ message: DHCPv4Message, at now: Instant, _ actions: inout [DHCPAction]
  ) throws(DHCPRefusal) {
    let granted = try DHCPLease(message, requestedAt: requestedAt, deviceMTU: configuration.deviceMTU)
    if let server = askedServer, server != granted.server { throw .otherServer }
    guard granted.address == lease?.address ?? requested?.address else { throw .otherAddress }
    guard granted.expiry > now else { throw .expired }
    let isOurs = hasLease
    lease = granted
    requested = nil
    if isOurs { return bind(&actions) }
    state = .checking
    nextDeadline = granted.expiry
    actions.add(.probe(granted.address))
  }

  private mutating func takeBack(
    _ message: DHCPv4Message, at now: Instant, _ actions: inout [DHCPAction]
  ) throws(DHCPRefusal) {
    guard let server = message.serverIdentifier, server.isAssignable else { throw .badServer }
    if let asked = askedServer, server != asked { throw .otherServer }
    negativeAcknowledgementCount &+= 1
    if hasLease { actions.add(.deconfigure) }
    startAgain(at: now, &actions)
  }
}
