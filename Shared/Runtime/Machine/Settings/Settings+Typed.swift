import Log
import Platform
import Wire

extension Settings {
  /// A logger as `log.level` (default `info`) and `log.format` (default `logfmt`) say.
  public func logger(
    service: String, console: any Console, clock: any Clock
  ) throws(SettingsError) -> Logger {
    let name = self["log.level"] ?? "info"
    guard let level = Logger.Level(named: name) else {
      throw SettingsError("log.level=\(name): use debug, info, warning or error")
    }
    return Logger(
      service: service, level: level, format: self["log.format"] == "json" ? .json : .logfmt,
      console: console, clock: clock)
  }

  /// Where to listen as `name`: `NAME.address` (default `address`) and `NAME.port` (default: any).
  public func listeningEndpoint(_ name: String, address: String) throws(SettingsError) -> Endpoint {
    let text = (self[name + ".address"] ?? address) + ":" + (self[name + ".port"] ?? "0")
    guard let endpoint = Endpoint(text) else {
      throw SettingsError("\(name).address and \(name).port make \(text), which is no address")
    }
    return endpoint
  }

  /// Where the service `name` listens: `peer.NAME`.
  public func peer(_ name: String) throws(SettingsError) -> Endpoint {
    guard let text = self["peer." + name] else { throw SettingsError("peer.\(name) is not set") }
    guard let endpoint = Endpoint(text) else {
      throw SettingsError("peer.\(name)=\(text) is no address:port")
    }
    return endpoint
  }

  /// What interface `name` ("net", "outside") of our own stack is to have: `NAME.address`, such as 10.83.0.11/24, and
  /// `NAME.gateway`, if there is one.
  public func interfaceAddress(_ name: String = "net") throws(SettingsError) -> (
    address: IPv4Address, network: IPv4Network, gateway: IPv4Address?
  ) {
    let text = self[name + ".address"] ?? ""
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")),
      let address = IPv4Address(String(text[..<slash])),
      let prefixLength = Int(text[text.utf8.index(after: slash)...]), (1...32).contains(prefixLength)
    else {
      throw SettingsError(
        "\(name).address must be an address and a prefix length, such as 10.83.0.11/24")
    }
    var gateway: IPv4Address?
    if let text = self[name + ".gateway"] {
      gateway = IPv4Address(text)
      guard gateway != nil else { throw SettingsError("\(name).gateway=\(text) is no IPv4 address") }
    }
    return (address, IPv4Network(address, prefixLength: prefixLength), gateway)
  }
}
