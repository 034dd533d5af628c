/// What the switch is started with: its machines, and which of its descriptors leads to which.
struct SwitchSettings {
  /// A port of the switch.
  struct Port {
    var name: String
    /// Where its QEMU listens.
    var socket: String
    var hardwareAddress: String?
    /// Of IPv4.
    var address: String?
    /// Of IPv6. Without any of these three the port is anybody's: a machine that holds a network of its own, such as
    /// the lab.
    var address6: String?
  }

  /// The switch's own place in the network.
  struct Place {
    var version = InternetProtocol.v4
    var address: String
    var prefixLength: Int

    /// In the network of the services.
    static func inside(_ version: InternetProtocol) -> Place {
      switch version {
      case .v4: Place(address: InnerNetwork.gateway, prefixLength: InnerNetwork.prefixLength)
      case .v6:
        Place(version: version, address: InnerNetwork.gateway6, prefixLength: InnerNetwork.prefixLength6)
      }
    }
  }

  let ports: [Port]
  let doors: [ForwarderSettings.Door]
  var place = Place.inside(.v4)

  var bytes: [UInt8] {
    var lines = [
      "supervised=true", "log.level=warning", "net.mac=\(InnerNetwork.bridgeHardwareAddress)",
      "net.address\(place.version == .v6 ? "6" : "")=\(place.address)/\(place.prefixLength)",
      "machines=" + ports.map(\.name).joined(separator: " "),
    ]
    for port in ports {
      lines.append("\(port.name).socket=\(port.socket)")
      if let hardwareAddress = port.hardwareAddress { lines.append("\(port.name).mac=\(hardwareAddress)") }
      if let address = port.address { lines.append("\(port.name).address=\(address)") }
      if let address = port.address6 { lines.append("\(port.name).address6=\(address)") }
    }
    lines += ForwarderSettings.lines(doors)
    return lines.flatMap { Array("\($0)\n".utf8) }
  }
}
