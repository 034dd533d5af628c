import Bytes
import Platform
import Shop
import Testing

let goodSettings = [
  "shop.currency": "EUR", "shop.taxIncluded": "false", "shop.tax.DE": "1900", "shop.tax.AT": "2000",
  "shop.shipping.standard": "490", "shop.shipping.express": "990", "shop.shipping.pickup": "0",
  "secret.internal": "0123456789abcdef0123456789abcdef",
  "secret.admin": "admin-admin-admin-admin-admin-admin",
  "peer.catalog": "127.0.0.1:8081",
]

struct SettingsTests {
  @Test func `a shop's settings are read in a settled order`() throws {
    let settings = try ServiceSettings(KeyedLines(goodSettings))
    #expect(settings.shop.currency == "EUR")
    #expect(!settings.shop.taxIncluded)
    #expect(settings.shop.taxRates.map(\.country) == ["AT", "DE"])
    #expect(settings.shop.taxRate(of: "DE")?.basisPoints == 1900)
    #expect(settings.shop.taxRate(of: "US") == nil)
    #expect(settings.shop.shippingMethods.map(\.id) == ["pickup", "standard", "express"])
    #expect(settings.shop.shippingMethod("express")?.price == Money(990, "EUR"))
    #expect(settings.shop.shippingMethod("express")?.name == "Express")
    #expect(settings.shop.shippingMethod("drone") == nil)
    #expect(try settings.peer("catalog") == Endpoint(.loopback, port: 8081))
    #expect(throws: ConfigurationError.missing("peer.cart")) { try settings.peer("cart") }
  }

  @Test(
    arguments: [
      ("shop.currency", "euro"), ("shop.currency", nil), ("shop.taxIncluded", "yes"),
      ("shop.tax.DE", "10001"),
      ("shop.tax.DE", "19%"), ("shop.tax.Germany", "1900"), ("shop.shipping.standard", "4.90"),
      ("shop.shipping.standard", "-1"), ("shop.shipping.Bad Name", "1"), ("secret.admin", "short"),
      ("secret.internal", nil), ("secret.admin", "has a space has a space has a space"),
    ] as [(String, String?)])
  func `a setting that is missing or wrong is named, its value is not`(_ key: String, _ value: String?) {
    var settings = goodSettings
    settings[key] = value
    do {
      _ = try ServiceSettings(KeyedLines(settings))
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains(key))
      if key.hasPrefix("secret"), let value { #expect(!error.description.contains(value)) }
    }
  }

  @Test func `a shop without shipping or without taxes does not start`() {
    for prefix in ["shop.shipping.", "shop.tax."] {
      #expect(throws: ConfigurationError.self) {
        try ServiceSettings(KeyedLines(goodSettings.filter { !$0.key.hasPrefix(prefix) }))
      }
    }
  }

  @Test(arguments: [
    "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0:80", "127.0.0.0.1:80",
    "256.0.0.1:80",
    "localhost:80", "127.0.0.1:80 ", ":80", "127..0.1:80", "1:2:3:4:80", "::1:80", "[::1]", "[::1]:",
    "[::1]:0",
    "[::1]80", "[::1:80", "[]:80", "[::1]:65536", "[127.0.0.1]:80", "[::1]:80 ",
  ])
  func `what is no address and port is refused`(_ text: String) {
    #expect(Endpoint(parsing: text) == nil)
  }

  @Test func `an address of either family and a port is read`() {
    #expect(Endpoint(parsing: "10.0.0.1:80") == Endpoint(.v4(0x0a00_0001), port: 80))
    #expect(Endpoint(parsing: "[fd00::1]:65535") == Endpoint(.v6(0xfd00 << 48, 1), port: 65535))
  }
}
