import CLinux
import Glibc
import MachineTesting
import Platform
import Wire

/// A blocking socket of the Linux kernel, for what `KernelNetwork` does not do. Of the calling thread's namespace, and
/// for a thread of its own. What takes longer than a minute fails.
final class KernelSocket {
  let descriptor: Int32

  init(_ type: __socket_type = SOCK_STREAM, _ family: KernelLink.Family = .ipv4) throws {
    descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    limitWaits()
  }

  private init(accepted descriptor: Int32) {
    self.descriptor = descriptor
    limitWaits()
  }

  deinit { close(descriptor) }

  struct Failure: Error, Equatable {
    let call: String
    let code: Int32
  }

  private func limitWaits() {
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  private static func check(_ result: Int, _ call: String) throws(Failure) -> Int {
    if result < 0 { throw Failure(call: call, code: errno) }
    return result
  }

  func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Whether `close` sends RST.
  func setAborts() {
    var abort = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
  }

  private func withAddress<R>(
    _ address: IPv4Address, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address.rawValue.bigEndian
    return withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  func connect(to address: IPv4Address = KernelLink.ownAddress, port: UInt16) throws(Failure) {
    let result = withAddress(address, port) { Glibc.connect(descriptor, $0, $1) }
    _ = try Self.check(Int(result), "connect")
  }

  func connect(to address: IPAddress, port: UInt16) throws(Failure) {
    switch address {
    case .v4(let value): try connect(to: IPv4Address(rawValue: value), port: port)
    case .v6(let high, let low):
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &name.sin6_addr) {
        $0.storeBytes(of: high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      let result = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
      _ = try Self.check(Int(result), "connect")
    }
  }

  func bind(port: UInt16) throws(Failure) {
    set(SOL_SOCKET, SO_REUSEADDR, 1)
    let result = withAddress(KernelLink.kernelAddress, port) { Glibc.bind(descriptor, $0, $1) }
    _ = try Self.check(Int(result), "bind")
  }

  func listen() throws(Failure) { _ = try Self.check(Int(Glibc.listen(descriptor, 128)), "listen") }

  func accept() throws(Failure) -> KernelSocket {
    KernelSocket(accepted: Int32(try Self.check(Int(Glibc.accept(descriptor, nil, nil)), "accept")))
  }

  /// Sends all of `bytes`.
  func send(_ bytes: [UInt8], flags: Int32 = 0) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress! + done, $0.count - done, flags | Int32(MSG_NOSIGNAL))
      }
      done += try Self.check(count, "send")
    }
    // A datagram may be empty.
    if bytes.isEmpty { _ = try Self.check(Glibc.send(descriptor, nil, 0, 0), "send") }
  }

  /// Up to `limit` bytes; none when the peer has finished.
  func receive(_ limit: Int = 65_536) throws(Failure) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = try Self.check(recv(descriptor, &buffer, limit, 0), "recv")
    return Array(buffer[..<count])
  }

  /// Exactly `count` bytes, or as many as come before the end.
  func receiveAll(_ count: Int) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece = try receive(count - bytes.count)
      if piece.isEmpty { break }
      bytes += piece
    }
    return bytes
  }

  func finish() { shutdown(descriptor, Int32(SHUT_WR)) }
}
