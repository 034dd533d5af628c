import XenRing

/// An event channel that counts.
public final class SimulatedChannel: EventChannel {
  public let port: UInt32
  /// Events that the frontend sent.
  public private(set) var notifyCount = 0
  /// Whether the frontend closed it.
  public private(set) var isClosed = false
  /// What the backend does at once when it is told.
  public var onNotify: (() -> Void)?

  /// A channel with this number.
  public init(port: UInt32) { self.port = port }

  public func notify() {
    precondition(!isClosed, "an event for a closed channel")
    notifyCount += 1
    onNotify?()
  }

  public func close() {
    precondition(!isClosed, "a channel closed twice")
    isClosed = true
  }
}
