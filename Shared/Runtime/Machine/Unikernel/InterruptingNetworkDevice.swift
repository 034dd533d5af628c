import Platform

/// A network device whose news come with an interrupt: virtio-net, netfront.
protocol InterruptingNetworkDevice: NetworkDevice {
  /// Takes back the interrupt that came, before anybody looks at the rings.
  func acknowledgeInterrupt()
  /// Asks for an interrupt at the next frame that arrives, and for room to send when there is none. Returns whether
  /// such news are already there.
  func armInterrupts() -> Bool
}
