import CLinux
import EventLoop
import Glibc
import Platform
import _Concurrency

/// The Linux kernel's TCP.
public final class KernelNetwork: Network {
  /// Connections the kernel completes for us before we accept them.
  static let backlog: Int32 = 1024

  private let driver: EpollDriver
  private let loop: EventLoop

  /// TCP on `loop`, whose driver is `driver`.
  public init(driver: EpollDriver, loop: EventLoop) {
    self.driver = driver
    self.loop = loop
  }

  /// Listens; on `.v6(0, 0)` for both families.
  public func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener {
    let descriptor = try socket(endpoint)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    if case .v6(0, 0) = endpoint.address {
      // Both families, whatever net.ipv6.bindv6only says.
      var no: Int32 = 0
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<Int32>.size))
    }
    guard
      SocketAddress(endpoint).withPointer({ bind(descriptor, $0, $1) }) == 0,
      Glibc.listen(descriptor, Self.backlog) == 0
    else {
      let error = NetworkError(errno: errno)
      Glibc.close(descriptor)
      throw error
    }
    return SocketListener(descriptor, driver: driver, loop: loop)
  }

  /// Listens on a socket that whoever started us has already bound: connections made before we ran are not lost.
  public func listener(inheriting descriptor: Int32) throws(NetworkError) -> any Listener {
    var accepts: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) == 0, accepts != 0 else {
      throw .closed
    }
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return SocketListener(descriptor, driver: driver, loop: loop)
  }

  /// A stream over `descriptor`, a connected stream socket of any family (such as unix(7)), which it takes over. It
  /// has no peer that an endpoint could name.
  public func stream(adopting descriptor: Int32) -> any ByteStream {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return Socket(
      descriptor, peer: Endpoint(.any, port: 0), isConnected: true, driver: driver, loop: loop)
  }

  public func connect(
    to endpoint: Endpoint, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    let descriptor = try socket(endpoint)
    descriptor.sendWithoutDelay()
    let started = SocketAddress(endpoint).withPointer { Glibc.connect(descriptor, $0, $1) }
    if started != 0 && errno != EINPROGRESS {
      let error = NetworkError(errno: errno)
      Glibc.close(descriptor)
      throw error
    }
    let stream = Socket(
      descriptor, peer: endpoint, isConnected: started == 0, driver: driver, loop: loop)
    do throws(NetworkError) {
      try await stream.waitWritable(until: deadline)
      if let error = stream.connectError() { throw error }
    } catch {
      stream.close()
      throw error
    }
    return stream
  }

  /// Ends a connection of this network with RST instead of FIN: what was sent and has not arrived is lost.
  public func reset(_ stream: any ByteStream) { (stream as? Socket)?.reset() }

  /// Lets the kernel ask the silent peer of a connection every `seconds` whether it is still there (RFC 9293
  /// §3.8.4); it is broken after `count` questions without an answer. For peers that may vanish without a FIN.
  public func probeWhenIdle(_ stream: any ByteStream, seconds: Int32 = 1, count: Int32 = 10) {
    (stream as? Socket)?.probeWhenIdle(seconds: seconds, count: count)
  }

  /// Which stack this is; Linux's own counters are in /proc/net.
  public var figures: [NetworkFigure] {
    var list: [NetworkFigure] = []
    list.level("souk_network_stack Which TCP/IP serves", 1, ("stack", "linux"))
    return list
  }

  private func socket(_ endpoint: Endpoint) throws(NetworkError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = Glibc.socket(endpoint.family, type, 0)
    if descriptor < 0 { throw NetworkError(errno: errno) }
    return descriptor
  }
}

extension Int32 {
  /// TCP_NODELAY: we send whole responses, so waiting for more only adds delay.
  fileprivate func sendWithoutDelay() {
    var yes: Int32 = 1
    setsockopt(self, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
  }
}

/// A listening socket of the Linux kernel.
final class SocketListener: Listener, EventSource {
  let endpoint: Endpoint
  private let driver: EpollDriver
  private let loop: EventLoop
  private var descriptor: Int32
  private var mayAccept = true
  private let acceptor: WaitPoint

  init(_ descriptor: Int32, driver: EpollDriver, loop: EventLoop) {
    self.descriptor = descriptor
    self.driver = driver
    self.loop = loop
    acceptor = WaitPoint(loop: loop)
    var address = SocketAddress()
    _ = address.withMutablePointer { getsockname(descriptor, $0, $1) }
    endpoint = address.endpoint
    driver.watch(descriptor, self)
  }

  func ready(_ events: UInt32) {
    mayAccept = true
    acceptor.resume()
  }

  func accept() throws(NetworkError) -> (any ByteStream)? {
    guard descriptor >= 0 else { throw .closed }
    guard mayAccept else { return nil }
    while true {
      var address = SocketAddress()
      let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
      let accepted = address.withMutablePointer { souk_accept4(descriptor, $0, $1, flags) }
      if accepted >= 0 {
        accepted.sendWithoutDelay()
        return Socket(
          accepted, peer: address.endpoint, isConnected: true, driver: driver, loop: loop)
      }
      switch errno {
      case EAGAIN:
        mayAccept = false
        return nil
      // The connection died while it waited for us (accept(2)): take the next one.
      case ECONNABORTED, EINTR, ENETDOWN, EPROTO, EHOSTDOWN, ENETUNREACH, EHOSTUNREACH: continue
      default: throw NetworkError(errno: errno)
      }
    }
  }

  func waitAcceptable() async throws(NetworkError) {
    if descriptor < 0 { throw .closed }
    if !mayAccept { try await acceptor.wait(until: .never) }
  }

  func close() {
    guard descriptor >= 0 else { return }
    driver.forget(descriptor)
    descriptor = -1
    acceptor.resume(.closed)
  }

  deinit { if descriptor >= 0 { driver.forget(descriptor) } }
}
