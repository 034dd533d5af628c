// RFC 4987 §3.6 before changing this file.

import EventLoop
import TCP
import Wire

/// A listener whose handshakes are all taken goes on with SYN cookies.
extension NetworkStack {
  /// Answers a SYN and remembers nothing.
  func answerByCookie(_ syn: borrowing TCPSegment, of tuple: FourTuple, on interface: Interface) {
    counters.cookiesSent &+= 1
    let header = cookies.answer(
      syn, ends: ends(tuple), as: identity(tuple, on: interface),
      configuration: configuration.tcp, at: loop.now)
    interface.transmitReply(header, from: tuple.local, to: tuple.remote)
  }

  /// What a cookie says of its connection's ends.
  @inline(never)
  private func ends(_ tuple: FourTuple) -> UInt64 { tuple.hash(cookies.secret) }

  /// Makes the connection whose cookie `segment` brings back. One that brings none is dropped, not reset: it may be
  /// the second of a peer whose first was lost. So is one that finds no place; the peer sends it again.
  func openByCookie(
    _ segment: borrowing TCPSegment, of tuple: FourTuple, on interface: Interface,
    for listener: StackListener
  ) {
    guard let offer = cookies.offer(in: segment, ends: ends(tuple), at: loop.now) else {
      counters.cookiesRefused &+= 1
      return
    }
    guard listener.hasRoom(configuration) else {
      counters.listenOverflow &+= 1
      return
    }
    guard let admitted = admitProved() else { return }
    counters.cookiesReturned &+= 1
    var identity = identity(tuple, on: interface)
    identity.initialSendNumber = segment.acknowledgementNumber - 1
    let connection = Connection(
      completing: segment, offer: offer, as: identity, configuration: configuration.tcp,
      counters: tcpCounters, pool: pool, at: loop.now)
    let opened = StackConnection(
      tuple, stack: self, interface: interface, admittedByteCount: admitted, connection: connection)
    begin(opened, of: listener)
    handle(opened.connection.receive(segment, at: loop.now), of: opened)
    if opened.stack != nil { transmitLater(opened) }
  }
}
