import CLinux
import EventLoop
import Glibc
import Platform
import _Concurrency

/// A TCP connection of the Linux kernel.
///
/// Edge-triggered: a direction is asked again only after it was full or empty, so a request costs one `recv` and one
/// `send`.
final class Socket: ByteStream, EventSource {
  let peer: Endpoint
  private let driver: EpollDriver
  private var descriptor: Int32
  private var mayReceive = true
  private var maySend: Bool
  /// The peer has finished or broken the connection: an empty read says so, and no further edge will.
  private var hasHungUp = false
  private let reader: WaitPoint
  private let writer: WaitPoint

  /// Takes over `descriptor`, non-blocking. `isConnected` is false while a connect is under way.
  init(_ descriptor: Int32, peer: Endpoint, isConnected: Bool, driver: EpollDriver, loop: EventLoop) {
    self.descriptor = descriptor
    self.peer = peer
    self.driver = driver
    maySend = isConnected
    reader = WaitPoint(loop: loop)
    writer = WaitPoint(loop: loop)
    driver.watch(descriptor, self)
  }

  func ready(_ events: UInt32) {
    let broken = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
    if broken || events & EPOLLRDHUP.rawValue != 0 { hasHungUp = true }
    if broken || events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 {
      mayReceive = true
      reader.resume()
    }
    if broken || events & EPOLLOUT.rawValue != 0 {
      maySend = true
      writer.resume()
    }
  }

  func receive(into room: inout OutputRawSpan) throws(NetworkError) -> Received {
    guard descriptor >= 0 else { throw .closed }
    guard mayReceive else { return .nothingYet }
    var asked = 0
    let (count, error) = room.withUnsafeMutableBytes { buffer, initializedCount in
      asked = buffer.count - initializedCount
      let count = recv(descriptor, buffer.baseAddress! + initializedCount, asked, 0)
      if count > 0 { initializedCount += count }
      return (count, count < 0 ? errno : 0)
    }
    if count > 0 {
      // A short read emptied the socket: the next bytes, or the end, come with an edge of their own.
      mayReceive = count == asked || hasHungUp
      return .bytes(count)
    }
    if count == 0 { return .end }
    if error == EINTR { return .nothingYet }
    if error == EAGAIN {
      mayReceive = false
      return .nothingYet
    }
    throw NetworkError(errno: error)
  }

  func send(_ bytes: RawSpan) throws(NetworkError) -> Int {
    guard descriptor >= 0 else { throw .closed }
    guard maySend else { return 0 }
    let (count, error) = bytes.withUnsafeBytes { buffer in
      let count = Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
      return (count, count < 0 ? errno : 0)
    }
    if count >= 0 {
      if count < bytes.byteCount { maySend = false }
      return count
    }
    if error == EINTR { return 0 }
    if error == EAGAIN {
      maySend = false
      return 0
    }
    throw NetworkError(errno: error)
  }

  func waitReadable(until deadline: Instant) async throws(NetworkError) {
    if descriptor < 0 { throw .closed }
    if !mayReceive { try await reader.wait(until: deadline) }
  }

  func waitWritable(until deadline: Instant) async throws(NetworkError) {
    if descriptor < 0 { throw .closed }
    if !maySend { try await writer.wait(until: deadline) }
  }

  /// The error a connect ended with; nil when it succeeded.
  func connectError() -> NetworkError? {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
    return error == 0 ? nil : NetworkError(errno: error)
  }

  func finish() {
    if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
  }

  func close() {
    guard descriptor >= 0 else { return }
    driver.forget(descriptor)
    descriptor = -1
    reader.resume(.closed)
    writer.resume(.closed)
  }

  /// Ends the connection with RST: what was sent and has not arrived is lost.
  func reset() {
    guard descriptor >= 0 else { return }
    var abort = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Keepalive (RFC 9293 §3.8.4): asks the peer after `seconds` of silence and then every `seconds`; after `count`
  /// questions without an answer the connection is broken.
  func probeWhenIdle(seconds: Int32, count: Int32) {
    let options = [
      (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds),
      (Int32(IPPROTO_TCP), TCP_KEEPINTVL, seconds), (Int32(IPPROTO_TCP), TCP_KEEPCNT, count),
    ]
    for (level, option, value) in options {
      var value = value
      setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  deinit { if descriptor >= 0 { driver.forget(descriptor) } }
}

extension NetworkError {
  /// The kernel's word for it.
  init(errno error: Int32) {
    switch error {
    case ECONNREFUSED: self = .refused
    case ETIMEDOUT: self = .timedOut
    case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL: self = .unreachable
    case EADDRINUSE: self = .addressInUse
    case EACCES, EPERM: self = .notPermitted
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: self = .exhausted
    case EBADF: self = .closed
    default: self = .reset
    }
  }
}
