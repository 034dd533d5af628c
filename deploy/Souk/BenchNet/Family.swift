import NetworkStack
import Platform
import Wire

/// The Internet Protocol of a measurement, and where its two machines are: 10.0.0.1 and 10.0.0.2, or fd00::1 and fd00::2.
enum Family {
  case v4, v6

  /// Reads `4` or `6`.
  init(_ number: UInt64) throws(Refusal) {
    switch number {
    case 4: self = .v4
    case 6: self = .v6
    default: throw Refusal("`--ip` is 4 or 6")
    }
  }

  /// Where machine 1 or 2 listens.
  func endpoint(_ machine: UInt8, port: UInt16) -> Endpoint {
    switch self {
    case .v4: Endpoint(.v4(Self.v4(machine).rawValue), port: port)
    case .v6: Endpoint(.v6(Self.v6(machine).high, Self.v6(machine).low), port: port)
    }
  }

  /// Its address as programs take it.
  func text(_ machine: UInt8) -> String {
    switch self {
    case .v4: "10.0.0.\(machine)"
    case .v6: "fd00::\(machine)"
    }
  }

  /// What `ip` is told to give a kernel that machine's address on `interface`.
  func assignment(_ machine: UInt8, on interface: String) -> [String] {
    switch self {
    case .v4: ["address", "add", text(machine) + "/24", "dev", interface]
    // Nobody waits for the detection of duplicates on a link of two.
    case .v6: ["address", "add", text(machine) + "/64", "dev", interface, "nodad"]
    }
  }

  /// Gives `stack` that machine's address on `device`.
  func attach(_ device: any NetworkDevice, to stack: NetworkStack, as machine: UInt8) -> Interface {
    let v4 = Self.v4(machine)
    let v6 = Self.v6(machine)
    return switch self {
    case .v4:
      stack.attach(
        device, addressing: .fixed(address: v4, network: IPv4Network(v4, prefixLength: 24), gateway: nil))
    case .v6:
      stack.attach(
        device, addressing: .none,
        ipv6: .fixed(address: v6, network: IPv6Network(v6, prefixLength: 64), gateway: nil))
    }
  }

  private static func v4(_ machine: UInt8) -> IPv4Address { IPv4Address(10, 0, 0, machine) }
  private static func v6(_ machine: UInt8) -> IPv6Address {
    IPv6Address(high: 0xfd00 << 48, low: UInt64(machine))
  }
}
