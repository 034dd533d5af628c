import Bytes
import EventLoop
import HTTP
import HTTPCore
import Log
import Platform
import _Concurrency

/// What a machine gives to a service; a service's Main takes it apart, so that the service knows no machine.
public struct ServiceParts {
  /// The service's loop.
  public let loop: EventLoop
  /// Its clocks.
  public let clock: any Clock
  /// Its random numbers.
  public let entropy: any Entropy
  /// Its network.
  public let network: any Network
  /// Its log.
  public let log: Logger
  /// Its settings, checked.
  public let settings: ServiceSettings

  /// The parts of a machine; throws when a setting that every service needs is missing or wrong.
  public init(
    loop: EventLoop, clock: any Clock, entropy: any Entropy, network: any Network, log: Logger,
    settings: KeyedLines
  ) throws(ConfigurationError) {
    self.loop = loop
    self.clock = clock
    self.entropy = entropy
    self.network = network
    self.log = log
    self.settings = try ServiceSettings(settings)
  }

  /// A client of the service `name`, which listens where `peer.NAME` says.
  public func client(
    of name: String, limits: ClientLimits = ClientLimits()
  ) throws(ConfigurationError) -> HTTPClient {
    HTTPClient(
      network: network, loop: loop, endpoint: try settings.peer(name), host: name + ".internal",
      limits: limits)
  }

  /// Serves `service` behind a front on `listener`, until `waitForShutdown` returns and everything in flight is
  /// finished.
  public func serve<Service: ShopService>(
    _ service: Service, on listener: any Listener, metrics: Metrics,
    until waitForShutdown: @escaping () async -> Void
  ) async {
    metrics.include(network)
    let front = Front(service, settings: settings, loop: loop, log: log, metrics: metrics)
    let server = HTTPServer(
      loop: loop, entropy: entropy, log: log, metrics: metrics, handler: front, limits: .behindGateway)
    server.start(on: listener)
    await waitForShutdown()
    await server.drain()
  }
}

extension ServerLimits {
  /// Of a service behind the gateway, which takes a head under the usual limits and adds to it: six fields, and a host
  /// that may be as long as a target when it stood there.
  public static var behindGateway: ServerLimits {
    var limits = ServerLimits()
    limits.http.maximumFieldCount += 16
    limits.http.maximumHeaderByteCount += 12 << 10
    return limits
  }
}
