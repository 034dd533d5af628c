import Glibc
import Platform

/// `sockaddr` of either family, as the kernel wants it.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private(set) var byteCount: socklen_t = 0

  /// An empty one, for the kernel to fill.
  init() { byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size) }

  init(_ endpoint: Endpoint) {
    switch endpoint.address {
    case .v4(let address):
      var inet = sockaddr_in()
      inet.sin_family = sa_family_t(AF_INET)
      inet.sin_port = endpoint.port.bigEndian
      inet.sin_addr.s_addr = address.bigEndian
      store(inet)
    case .v6(let high, let low):
      var inet = sockaddr_in6()
      inet.sin6_family = sa_family_t(AF_INET6)
      inet.sin6_port = endpoint.port.bigEndian
      withUnsafeMutableBytes(of: &inet.sin6_addr) {
        $0.storeBytes(of: high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      store(inet)
    }
  }

  private mutating func store<T>(_ address: T) {
    byteCount = socklen_t(MemoryLayout<T>.size)
    withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: T.self) }
  }

  /// What the kernel filled in.
  var endpoint: Endpoint {
    withUnsafeBytes(of: storage) { bytes in
      if Int32(storage.ss_family) == AF_INET6 {
        let inet = bytes.load(as: sockaddr_in6.self)
        let port = UInt16(bigEndian: inet.sin6_port)
        return withUnsafeBytes(of: inet.sin6_addr) {
          let high = UInt64(bigEndian: $0.load(as: UInt64.self))
          let low = UInt64(bigEndian: $0.load(fromByteOffset: 8, as: UInt64.self))
          // A socket of both families names peers of IPv4 in their mapped form (RFC 4291 §2.5.5.2).
          let isMapped = high == 0 && low >> 32 == 0xffff
          return Endpoint(isMapped ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high, low), port: port)
        }
      }
      let inet = bytes.load(as: sockaddr_in.self)
      return Endpoint(.v4(UInt32(bigEndian: inet.sin_addr.s_addr)), port: UInt16(bigEndian: inet.sin_port))
    }
  }

  /// Lends the address to a system call that reads it.
  func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    withUnsafeBytes(of: storage) { body($0.assumingMemoryBound(to: sockaddr.self).baseAddress!, byteCount) }
  }

  /// Lends the address to a system call that fills it.
  mutating func withMutablePointer<R>(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> R
  ) -> R {
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutableBytes(of: &storage) {
      body($0.assumingMemoryBound(to: sockaddr.self).baseAddress!, &size)
    }
    byteCount = size
    return result
  }
}

extension Endpoint {
  var family: Int32 {
    if case .v6 = address { AF_INET6 } else { AF_INET }
  }
}
