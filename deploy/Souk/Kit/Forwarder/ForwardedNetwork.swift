import Machine
import NetworkStack
import Platform
import _Concurrency

/// The network behind a forwarder.
protocol ForwardedNetwork: AnyObject {
  /// Opens a connection there.
  func connect(to endpoint: Endpoint, until deadline: Instant) async throws(NetworkError) -> any ByteStream
  /// Sees to it that the connection breaks when its peer has vanished without a FIN.
  func watchPeer(of stream: any ByteStream)
  /// Ends a connection of either side of the forwarder with RST instead of FIN.
  func reset(_ stream: any ByteStream)
}

extension KernelNetwork: ForwardedNetwork {
  func watchPeer(of stream: any ByteStream) { probeWhenIdle(stream) }
}

/// A network that this process reaches by a TCP/IP stack of its own; clients come by the kernel's.
final class StackNetwork: ForwardedNetwork {
  private let stack: NetworkStack
  private let kernel: KernelNetwork

  /// `stack` is expected to ask silent peers by itself (`configuration.tcp.keepAliveIdle`).
  init(_ stack: NetworkStack, clients kernel: KernelNetwork) {
    self.stack = stack
    self.kernel = kernel
  }

  func connect(
    to endpoint: Endpoint, until deadline: Instant
  ) async throws(NetworkError) -> any ByteStream {
    try await stack.connect(to: endpoint, until: deadline)
  }

  func watchPeer(of stream: any ByteStream) {}

  func reset(_ stream: any ByteStream) {
    if let stream = stream as? StackStream { stream.abort() } else { kernel.reset(stream) }
  }
}
