// RFC 4987 §3.6 before changing this file.

import Bytes
import Platform
import Wire

extension Connection {
  /// The connection of a handshake that `SYNCookies` remembered: SYN-RECEIVED, as if it had been there from the SYN on.
  /// `segment` brought the cookie back, `offer` is what it says, and the identity's number is the cookie. `receive`
  /// takes the segment then.
  public init(
    completing segment: borrowing TCPSegment, offer: TCPOptions, as identity: Identity,
    configuration: Configuration, counters: Counters, pool: BufferPool, at now: Instant
  ) {
    self.init(
      identity, isPassive: true, configuration: configuration, counters: counters, pool: pool, at: now)
    counters.passiveOpens &+= 1
    giveUpAt = now.advanced(byNanoseconds: configuration.handshakeTimeout)
    takeSYN(offer, number: segment.sequenceNumber - 1, at: now)
    // Nobody knows how long ago the SYN-ACK went out, so nothing is measured.
    owesSYN = false
    sendNext = initialSendNumber + 1
    sendMaximum = sendNext
    receiveEdge = receiveNext + min(offerableWindow, 0xffff)
  }
}
