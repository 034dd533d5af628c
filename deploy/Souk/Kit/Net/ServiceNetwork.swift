import ArgumentParser
import Wire

/// The TCP/IP under the services.
enum ServiceNetwork: String, CaseIterable, Codable, ExpressibleByArgument {
  /// Linux's, on the loopback interface.
  case kernel
  /// Souk's own, each service behind a TAP interface in a network namespace.
  case tap

  /// What `souk status` calls it.
  var stack: String {
    switch self {
    case .kernel: "linux"
    case .tap: "souk tap"
    }
  }
}

/// The network between services on our own stack: one Ethernet segment without any way out. Every shop has the same
/// one, in a namespace of its own.
enum InnerNetwork {
  /// The bridge that joins everything, and the namespace's own place on it, from which the forwarder connects.
  static let bridge = "souk"
  static let bridgeHardwareAddress = "02:53:4f:55:4b:ff"
  static let gateway = "10.83.0.1"
  static let prefixLength = 24
  /// The same over IPv6: a network of nobody's but ours (RFC 4193).
  static let gateway6 = "fd53:6f75:6b00::1"
  static let prefixLength6 = 64
  static var network: IPv4Network { IPv4Network(IPv4Address(gateway)!, prefixLength: prefixLength) }
  /// The vendor's part of hardware addresses under Xen.
  static let xenPrefix = "00:16:3e"
  /// The port of every service.
  static let port: UInt16 = 80
  /// The port for /livez, /readyz and /metrics where that is another.
  static let adminPort: UInt16 = 81

  /// The service's TAP interface.
  static func interface(_ kind: ServiceKind) -> String { "tap-\(kind.rawValue)" }
  static func address(_ kind: ServiceKind, _ version: InternetProtocol = .v4) -> String {
    switch version {
    case .v4: "10.83.0.1\(number(kind))"
    case .v6: "fd53:6f75:6b00::1\(number(kind))"
    }
  }
  static func hardwareAddress(_ kind: ServiceKind) -> String { "02:53:4f:55:4b:0\(number(kind))" }
  /// The same under Xen, whose tools know its own vendor's addresses.
  static func xenHardwareAddress(_ kind: ServiceKind) -> String { "\(xenPrefix):53:4f:0\(number(kind))" }
  static func endpoint(_ kind: ServiceKind, _ version: InternetProtocol = .v4) -> String {
    version.authority(address(kind, version), port)
  }
  static func adminEndpoint(_ kind: ServiceKind, _ version: InternetProtocol = .v4) -> String {
    version.authority(address(kind, version), adminPort)
  }

  private static func number(_ kind: ServiceKind) -> Int { ServiceKind.allCases.firstIndex(of: kind)! + 1 }
}
