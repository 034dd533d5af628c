import Platform

/// A network device whose news come with an interrupt: virtio-net, netfront.
protocol InterruptingNetworkDevice: NetworkDevice {
  /// Asks for an interrupt at the next frame that arrives, and for room to send when there is none; takes back the one
  /// that came. Returns whether such news are already there.
  func armInterrupts() -> Bool
  /// Why the device was given up, for a log line; nil while it works.
  var failureDescription: String? { get }
}
