import CLinux
import Glibc

/// TCP sockets of the loopback interface.
enum Sockets {
  /// Every descriptor that children receive lies above this, so that copying one never hits another.
  static let lowestInherited: Int32 = 100

  /// A listening socket on 127.0.0.1 or ::1; port 0 takes a free one.
  static func listen(
    port: UInt16, version: InternetProtocol = .v4
  ) throws(Failure) -> (descriptor: Int32, port: UInt16) {
    let low = socket(family(version), kind(SOCK_STREAM) | kind(SOCK_NONBLOCK) | kind(SOCK_CLOEXEC), 0)
    let descriptor = fcntl(low, F_DUPFD_CLOEXEC, lowestInherited)
    close(low)
    guard descriptor >= 0 else { throw failure("cannot make a socket") }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard withLoopback(version, port, { bind(descriptor, $0, $1) }) == 0 else {
      let code = errno
      close(descriptor)
      switch code {
      case EADDRINUSE:
        throw Failure(
          "port \(port) on \(version.loopback) is taken: choose another with --port, or stop what has it "
            + "(`ss -ltnp 'sport = :\(port)'` shows it)")
      case EACCES:
        throw Failure("port \(port) is for root only: choose one above 1023 with --port")
      case EADDRNOTAVAIL where version == .v6:
        throw Failure("this machine has no ::1: its Linux was told to do without IPv6")
      default: throw failure("cannot listen on port \(port)", code)
      }
    }
    guard Glibc.listen(descriptor, 4096) == 0 else { throw failure("cannot listen on port \(port)") }
    var bound = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    _ = withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    // The port stands at the same place in both families.
    let port = withUnsafeBytes(of: bound) { $0.load(fromByteOffset: 2, as: UInt16.self) }
    return (descriptor, UInt16(bigEndian: port))
  }

  /// Begins to connect to 127.0.0.1 or ::1; the socket is writable once that is done. Nil when refused at once.
  static func connect(port: UInt16, version: InternetProtocol = .v4) -> Int32? {
    let descriptor = socket(family(version), kind(SOCK_STREAM) | kind(SOCK_NONBLOCK) | kind(SOCK_CLOEXEC), 0)
    guard descriptor >= 0 else { return nil }
    if withLoopback(version, port, { Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS {
      return descriptor
    }
    close(descriptor)
    return nil
  }

  /// Both ends of a pipe; neither survives an exec by accident.
  static func pipe() throws(Failure) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw failure("cannot make a pipe") }
    let writing = fcntl(ends[1], F_DUPFD_CLOEXEC, lowestInherited)
    close(ends[1])
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    guard writing >= 0 else { throw failure("cannot make a pipe") }
    return (ends[0], writing)
  }

  /// Makes reads and writes of `descriptor` return at once.
  static func setNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  private static func kind(_ type: __socket_type) -> Int32 { Int32(type.rawValue) }

  private static func family(_ version: InternetProtocol) -> Int32 { version == .v4 ? AF_INET : AF_INET6 }

  private static func withLoopback(
    _ version: InternetProtocol, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    switch version {
    case .v4:
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      return withAddress(&address, body)
    case .v6:
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_addr = in6addr_loopback
      return withAddress(&address, body)
    }
  }

  private static func withAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }

  private static func failure(_ what: String, _ code: Int32 = errno) -> Failure {
    Failure("\(what): \(String(cString: strerror(code)))")
  }
}
