import ArgumentParser

/// The version of the Internet Protocol by which the services reach each other, and people the shop on this machine.
enum InternetProtocol: Int, CaseIterable, Codable, ExpressibleByArgument {
  case v4 = 4
  case v6 = 6

  /// This machine itself.
  var loopback: String {
    switch self {
    case .v4: "127.0.0.1"
    case .v6: "::1"
    }
  }

  /// `address:port`, as a URL has it.
  func authority(_ address: String, _ port: UInt16) -> String {
    switch self {
    case .v4: "\(address):\(port)"
    case .v6: "[\(address)]:\(port)"
    }
  }

  /// The same on this machine.
  func loopbackAuthority(_ port: UInt16) -> String { authority(loopback, port) }
}
