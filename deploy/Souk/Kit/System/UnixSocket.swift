import CLinux
import Glibc

/// Stream sockets with a path (unix(7)).
enum UnixSocket {
  /// Bytes of the longest path, without the zero at its end.
  static let maximumPathByteCount = 107

  /// A connection to whoever listens at `path`; nil when nobody does. Never waits.
  static func connect(_ path: String) -> Int32? {
    open(path) { descriptor, address, length in Glibc.connect(descriptor, address, length) }
  }

  /// A listening socket at `path`, which must not be there yet.
  static func listen(_ path: String) -> Int32? {
    open(path) { descriptor, address, length in
      let bound = bind(descriptor, address, length)
      return bound == 0 ? Glibc.listen(descriptor, 16) : bound
    }
  }

  private static func open(
    _ path: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32? {
    var address = sockaddr_un()
    let bytes = Array(path.utf8)
    guard bytes.count <= maximumPathByteCount else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { return nil }
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if status == 0 { return descriptor }
    close(descriptor)
    return nil
  }
}
