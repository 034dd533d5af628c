import Glibc
import Synchronization

/// One end of a transfer: a kernel socket with a thread of its own that writes, or reads, as fast as it can.
final class KernelPeer: @unchecked Sendable {
  // Written before the thread starts, or read after it ended; `isOver` is for both.
  private let socket: Int32
  private let role: Role
  private let seconds: Double
  private var thread = pthread_t()
  /// What was read.
  private(set) var byteCount = 0
  /// From the first byte read to the end of the stream.
  private(set) var elapsedSeconds = 0.0
  private let over = Atomic(false)

  enum Role {
    /// Writes for some seconds to whom it connects to, or who connects to it.
    case writer
    /// Reads to the end of the stream.
    case reader
  }

  /// Whether its thread has done its work.
  var isOver: Bool { over.load(ordering: .acquiring) }

  private init(_ socket: Int32, _ role: Role, seconds: Double) {
    self.socket = socket
    self.role = role
    self.seconds = seconds
  }

  /// Accepts one connection to `port`, in the namespace of the calling thread.
  static func listening(on port: UInt16, _ role: Role, seconds: Double) throws(Refusal) -> KernelPeer {
    let listener = try make()
    var address = Self.address(INADDR_ANY, port)
    guard withSocketAddress(&address, { bind(listener, $0, $1) }) == 0, listen(listener, 1) == 0 else {
      throw Refusal("nobody can listen: \(String(cString: strerror(errno)))")
    }
    let peer = KernelPeer(listener, role, seconds: seconds)
    peer.start {
      let stream = accept(listener, nil, nil)
      close(listener)
      return stream
    }
    return peer
  }

  /// Connects to `host` (in host byte order), in the namespace of the calling thread; by `congestionControl` where that
  /// is not left to the kernel.
  static func connecting(
    to host: UInt32, port: UInt16, _ role: Role, seconds: Double, congestionControl: String? = nil
  ) throws(Refusal) -> KernelPeer {
    let stream = try make()
    if let congestionControl {
      let count = socklen_t(congestionControl.utf8.count)
      guard setsockopt(stream, Int32(IPPROTO_TCP), TCP_CONGESTION, congestionControl, count) == 0 else {
        throw Refusal("the kernel has no \(congestionControl)")
      }
    }
    let peer = KernelPeer(stream, role, seconds: seconds)
    peer.start {
      var address = Self.address(host, port)
      return withSocketAddress(&address) { connect(stream, $0, $1) } == 0 ? stream : -1
    }
    return peer
  }

  /// Returns when the thread has ended.
  func join() { pthread_join(thread, nil) }

  // MARK: The thread

  private final class Job {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private func start(_ open: @escaping () -> Int32) {
    let job = Unmanaged.passRetained(
      Job { [self] in
        Cores.stay(on: Cores.other)
        let stream = open()
        if stream >= 0 {
          role == .writer ? write(to: stream) : read(from: stream)
          close(stream)
        }
        over.store(true, ordering: .releasing)
      })
    pthread_create(
      &thread, nil,
      { job in
        Unmanaged<Job>.fromOpaque(job!).takeRetainedValue().body()
        return nil
      }, job.toOpaque())
  }

  private func write(to stream: Int32) {
    let chunk = [UInt8](repeating: 7, count: 256 << 10)
    let watch = Stopwatch()
    while watch.wallSeconds < seconds, send(stream, chunk, chunk.count, Int32(MSG_NOSIGNAL)) > 0 {}
    shutdown(stream, Int32(SHUT_WR))
    // Closing with bytes under way would be fine, but the peer's FIN tells that all arrived.
    var byte: UInt8 = 0
    _ = recv(stream, &byte, 1, 0)
  }

  private func read(from stream: Int32) {
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    byteCount = max(0, recv(stream, &chunk, chunk.count, 0))
    let watch = Stopwatch()
    while true {
      let count = recv(stream, &chunk, chunk.count, 0)
      if count <= 0 { break }
      byteCount += count
    }
    elapsedSeconds = watch.wallSeconds
  }

  // MARK: Sockets

  private static func make() throws(Refusal) -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Refusal("no socket: \(String(cString: strerror(errno)))") }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }

  private static func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = host.bigEndian
    return address
  }
}

/// Lends an address as the socket calls want it.
private func withSocketAddress(
  _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
