import CLinux
import Glibc

/// TCP sockets of the loopback interface.
enum Sockets {
  /// Every descriptor that children receive lies above this, so that copying one never hits another.
  static let lowestInherited: Int32 = 100

  /// A listening socket on 127.0.0.1; port 0 takes a free one.
  static func listen(port: UInt16) throws(Failure) -> (descriptor: Int32, port: UInt16) {
    let low = socket(AF_INET, kind(SOCK_STREAM) | kind(SOCK_NONBLOCK) | kind(SOCK_CLOEXEC), 0)
    let descriptor = fcntl(low, F_DUPFD_CLOEXEC, lowestInherited)
    close(low)
    guard descriptor >= 0 else { throw failure("cannot make a socket") }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port)
    guard withAddress(&address, { bind(descriptor, $0, $1) }) == 0 else {
      let code = errno
      close(descriptor)
      switch code {
      case EADDRINUSE:
        throw Failure(
          "port \(port) on 127.0.0.1 is taken: choose another with --port, or stop what has it "
            + "(`ss -ltnp 'sport = :\(port)'` shows it)")
      case EACCES:
        throw Failure("port \(port) is for root only: choose one above 1023 with --port")
      default: throw failure("cannot listen on port \(port)", code)
      }
    }
    guard Glibc.listen(descriptor, 4096) == 0 else { throw failure("cannot listen on port \(port)") }
    var bound = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return (descriptor, UInt16(bigEndian: bound.sin_port))
  }

  /// Begins to connect to 127.0.0.1; the socket is writable once that is done. Nil when refused at once.
  static func connect(port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, kind(SOCK_STREAM) | kind(SOCK_NONBLOCK) | kind(SOCK_CLOEXEC), 0)
    guard descriptor >= 0 else { return nil }
    var address = loopback(port)
    if withAddress(&address, { Glibc.connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS {
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

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func withAddress(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func failure(_ what: String, _ code: Int32 = errno) -> Failure {
    Failure("\(what): \(String(cString: strerror(code)))")
  }
}
