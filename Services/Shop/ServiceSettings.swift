import Bytes
import Platform
import Wire

/// A setting that keeps a service from starting, in words for whoever has to mend it.
public enum ConfigurationError: Error, Equatable, Sendable {
  /// The key is not there.
  case missing(String)
  /// The key's value cannot be used: what it must be. The value itself is not repeated; it may be a secret.
  case wrong(String, String)
  /// Something that a setting points to cannot be used, in a sentence.
  case unusable(String)

  /// One line for the log.
  public var description: String {
    switch self {
    case .missing(let key): "the setting " + key + " is missing"
    case .wrong(let key, let advice): "the setting " + key + " " + advice
    case .unusable(let sentence): sentence
    }
  }
}

/// What every service reads from the settings that the CLI renders for it.
public struct ServiceSettings: Sendable {
  /// What the owner decided about the shop.
  public let shop: ShopConfiguration
  /// What services show each other on `/internal/v1`.
  public let internalSecret: String
  /// What the owner shows on admin routes.
  public let adminToken: String
  private let settings: KeyedLines

  /// The fewest characters of a secret: 128 bits in hexadecimal digits.
  public static let minimumSecretLength = 32

  /// Reads and checks `settings`.
  public init(_ settings: KeyedLines) throws(ConfigurationError) {
    self.settings = settings
    shop = try ShopConfiguration(settings: settings)
    internalSecret = try Self.secret("secret.internal", in: settings)
    adminToken = try Self.secret("secret.admin", in: settings)
  }

  /// Where the service `name` listens: `peer.NAME`, an address and a port.
  public func peer(_ name: String) throws(ConfigurationError) -> Endpoint {
    let key = "peer." + name
    guard let text = settings[key] else { throw .missing(key) }
    guard let endpoint = Endpoint(parsing: text) else {
      throw .wrong(key, "must be an address and a port, such as 127.0.0.1:8081")
    }
    return endpoint
  }

  /// The value of any other key.
  public subscript(key: String) -> String? { settings[key] }

  /// A secret of at least `minimumSecretLength` visible ASCII characters.
  public func secret(_ key: String) throws(ConfigurationError) -> String {
    try Self.secret(key, in: settings)
  }

  private static func secret(_ key: String, in settings: KeyedLines) throws(ConfigurationError) -> String {
    guard let value = settings[key] else { throw .missing(key) }
    guard value.byteCount >= minimumSecretLength, isVisible(value) else {
      throw .wrong(key, "must have at least 32 visible ASCII characters")
    }
    return value
  }

  private static func isVisible(_ text: String) -> Bool {
    text.allBytes { (0x21...0x7e).contains($0) }
  }
}

extension Endpoint {
  /// Reads `127.0.0.1:8081` or `[::1]:8081`.
  public init?(parsing text: String) {
    guard let colon = text.offset(ofLast: UInt8(ascii: ":")),
      let port = UInt64(digits: text.dropping(byteCount: colon + 1), upTo: UInt64(UInt16.max)), port > 0
    else { return nil }
    if colon > 1, text.hasBytes("["), text.offset(ofLast: UInt8(ascii: "]")) == colon - 1 {
      guard let address = IPv6Address(text.cut(1..<colon - 1)) else { return nil }
      self.init(.v6(address.high, address.low), port: UInt16(port))
    } else {
      guard let address = IPv4Address(text.cut(0..<colon)) else { return nil }
      self.init(.v4(address.rawValue), port: UInt16(port))
    }
  }
}
