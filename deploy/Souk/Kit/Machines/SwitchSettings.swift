/// What the switch is started with: its machines, and which of its descriptors leads to which.
struct SwitchSettings {
  /// A port of the switch.
  struct Port {
    var name: String
    /// Where its QEMU listens.
    var socket: String
    var hardwareAddress: String
    /// Of IPv4.
    var address: String
  }

  let ports: [Port]
  let doors: [ForwarderSettings.Door]

  var bytes: [UInt8] {
    var lines = [
      "supervised=true", "log.level=warning", "net.mac=\(InnerNetwork.bridgeHardwareAddress)",
      "net.address=\(InnerNetwork.gateway)/\(InnerNetwork.prefixLength)",
      "machines=" + ports.map(\.name).joined(separator: " "),
    ]
    for port in ports {
      lines += [
        "\(port.name).socket=\(port.socket)", "\(port.name).mac=\(port.hardwareAddress)",
        "\(port.name).address=\(port.address)",
      ]
    }
    lines += ForwarderSettings.lines(doors)
    return lines.flatMap { Array("\($0)\n".utf8) }
  }
}
