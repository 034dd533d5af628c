/// What the switch is started with: its machines, and which of its descriptors leads to which.
struct SwitchSettings {
  /// A port of the switch.
  struct Port {
    var name: String
    /// Where its QEMU listens.
    var socket: String
    var hardwareAddress: String?
    /// Of IPv4. Without these two the port is anybody's: a machine that holds a network of its own, such as the lab.
    var address: String?
  }

  let ports: [Port]
  let doors: [ForwarderSettings.Door]
  /// The switch's own place in the network.
  var place = (address: InnerNetwork.gateway, prefixLength: InnerNetwork.prefixLength)

  var bytes: [UInt8] {
    var lines = [
      "supervised=true", "log.level=warning", "net.mac=\(InnerNetwork.bridgeHardwareAddress)",
      "net.address=\(place.address)/\(place.prefixLength)",
      "machines=" + ports.map(\.name).joined(separator: " "),
    ]
    for port in ports {
      lines.append("\(port.name).socket=\(port.socket)")
      if let hardwareAddress = port.hardwareAddress { lines.append("\(port.name).mac=\(hardwareAddress)") }
      if let address = port.address { lines.append("\(port.name).address=\(address)") }
    }
    lines += ForwarderSettings.lines(doors)
    return lines.flatMap { Array("\($0)\n".utf8) }
  }
}
