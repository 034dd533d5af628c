import XenRing

/// A frontend that moves nothing, and remembers what it was told.
final class SimulatedFrontend: Frontend {
  var backendKeys = ["feature-a", "sectors"]
  let waitsForBackend: Bool
  /// What happened, in order.
  var events: [String] = []
  /// Thrown by `prepare` when set.
  var refusal: XenError?

  init(waitsForBackend: Bool) { self.waitsForBackend = waitsForBackend }

  func prepare(
    backend: UInt16, values: BackendValues, openChannel: () throws(XenError) -> any EventChannel
  ) throws(XenError) -> [StoreEntry] {
    if let refusal { throw refusal }
    events.append("prepare \(backend) a=\(values("feature-a") ?? "none")")
    return [StoreEntry("ring-ref", "8"), StoreEntry("event-channel", String(try openChannel().port))]
  }

  func start(values: BackendValues) throws(XenError) {
    events.append("start sectors=\(values("sectors") ?? "none")")
  }
  func disconnect() { events.append("disconnect") }
  func forget() { events.append("forget") }
}

/// A channel with a number and nobody at its other end.
final class SilentChannel: EventChannel {
  let port: UInt32
  init(_ port: UInt32) { self.port = port }
  func notify() {}
  func close() {}
}
