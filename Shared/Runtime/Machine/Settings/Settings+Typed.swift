import Bytes
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
      throw SettingsError("log.level=" + name + ": use debug, info, warning or error")
    }
    return Logger(
      service: service, level: level, format: (self["log.format"] ?? "") == "json" ? .json : .logfmt,
      console: console, clock: clock)
  }

  /// Where to listen as `name`: `NAME.address` (default `address`) and `NAME.port` (default: any). `::` is every
  /// address of both families, `0.0.0.0` every IPv4 address.
  public func listeningEndpoint(_ name: String, address: String) throws(SettingsError) -> Endpoint {
    var host = self[name + ".address"] ?? address
    if host.offset(ofFirst: UInt8(ascii: ":")) != nil, !host.hasBytes("[") { host = "[" + host + "]" }
    let text = host + ":" + (self[name + ".port"] ?? "0")
    guard let endpoint = Endpoint(text) else {
      throw SettingsError(name + ".address and " + name + ".port make " + text + ", which is no address")
    }
    return endpoint
  }

  /// Where the service `name` listens: `peer.NAME`.
  public func peer(_ name: String) throws(SettingsError) -> Endpoint {
    guard let text = self["peer." + name] else { throw SettingsError("peer." + name + " is not set") }
    guard let endpoint = Endpoint(text) else {
      throw SettingsError("peer." + name + "=" + text + " is no address:port")
    }
    return endpoint
  }

  /// What interface `name` ("net", "outside") of our own stack is to have: `NAME.address`, such as 10.83.0.11/24, and
  /// `NAME.gateway`, if there is one.
  public func interfaceAddress(_ name: String = "net") throws(SettingsError) -> (
    address: IPv4Address, network: IPv4Network, gateway: IPv4Address?
  ) {
    guard let (text, prefixLength) = Self.split(self[name + ".address"] ?? ""),
      let address = IPv4Address(text), (1...32).contains(prefixLength)
    else {
      throw SettingsError(
        name + ".address must be an address and a prefix length, such as 10.83.0.11/24")
    }
    var gateway: IPv4Address?
    if let text = self[name + ".gateway"] {
      gateway = IPv4Address(text)
      guard gateway != nil else { throw SettingsError(name + ".gateway=" + text + " is no IPv4 address") }
    }
    return (address, IPv4Network(address, prefixLength: prefixLength), gateway)
  }

  /// The same for IPv6: `NAME.address6`, such as fd00:83::11/64, and `NAME.gateway6`, if there is one. Nil when there is
  /// no `NAME.address6`, or it is `auto`: then routers say.
  public func interfaceAddress6(_ name: String = "net") throws(SettingsError) -> (
    address: IPv6Address, network: IPv6Network, gateway: IPv6Address?
  )? {
    guard let text = self[name + ".address6"], text != "auto" else { return nil }
    guard let (host, prefixLength) = Self.split(text), let address = IPv6Address(host), address.isHost,
      (1...128).contains(prefixLength)
    else {
      throw SettingsError(
        name + ".address6 must be auto or an address and a prefix length, such as fd00:83::11/64")
    }
    var gateway: IPv6Address?
    if let text = self[name + ".gateway6"] {
      gateway = IPv6Address(text)
      guard gateway?.isHost == true else {
        throw SettingsError(name + ".gateway6=" + text + " is no IPv6 address of a host")
      }
    }
    return (address, IPv6Network(address, prefixLength: prefixLength), gateway)
  }

  /// What stands before and behind the slash.
  private static func split(_ text: String) -> (address: String, prefixLength: Int)? {
    guard let slash = text.offset(ofFirst: UInt8(ascii: "/")),
      let prefixLength = Int(digits: text.dropping(byteCount: slash + 1))
    else { return nil }
    return (text.cut(0..<slash), prefixLength)
  }
}
