import TCP

/// What a stack may hold, and how its connections behave.
public struct StackConfiguration: Sendable {
  /// How connections behave.
  public var tcp = Configuration()
  /// Bytes that all queues of all connections may hold together.
  public var bufferBudgetByteCount = 64 << 20
  /// Connections at a time, those in the handshake included; TIME-WAIT is counted apart.
  public var maximumConnectionCount = 16_384
  /// Connections of one listener whose handshake is not finished; more SYNs are answered with cookies (RFC 4987).
  public var maximumHandshakeCount = 512
  /// Connections of one listener that wait to be accepted; more SYNs are dropped.
  public var maximumBacklogCount = 1024
  /// Connections in TIME-WAIT that are remembered; beyond it the oldest is forgotten.
  public var maximumTimeWaitCount = 32_768
  /// Frames that one interface takes in per turn of the loop.
  public var maximumFramesPerTurn = 256
  /// Bytes that wait in one UDP socket; more datagrams are dropped.
  public var maximumDatagramQueueByteCount = 64 << 10

  /// The defaults.
  public init() {}
}
