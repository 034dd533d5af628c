import MachineSettings
import Platform
import Testing

struct TypedSettingsTests {
  @Test func `endpoints of both families are read`() {
    #expect(Endpoint("127.0.0.1:80") == Endpoint(.loopback, port: 80))
    #expect(Endpoint("[::1]:8080") == Endpoint(.v6(0, 1), port: 8080))
    for text in [
      "", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1]", "[127.0.0.1]:80",
    ] {
      #expect(Endpoint(text) == nil, "\(text)")
    }
  }

  @Test func `listening defaults to any port of the machine's address`() throws {
    #expect(try Settings([:]).listeningEndpoint("listen", address: "10.0.0.1") == Endpoint("10.0.0.1:0"))
    let settings = Settings(["listen.address": "10.0.0.2", "listen.port": "80", "admin.port": "x"])
    #expect(try settings.listeningEndpoint("listen", address: "10.0.0.1") == Endpoint("10.0.0.2:80"))
    #expect(throws: SettingsError.self) { try settings.listeningEndpoint("admin", address: "10.0.0.1") }
    for text in ["::", "[::]"] {
      let both = Settings(["listen.address": text, "listen.port": "80"])
      #expect(try both.listeningEndpoint("listen", address: "10.0.0.1") == Endpoint(.v6(0, 0), port: 80))
    }
  }

  @Test func `an interface needs an address with its network`() throws {
    let place = try Settings(["net.address": "10.83.0.11/24", "net.gateway": "10.83.0.1"]).interfaceAddress()
    #expect(place.address.description == "10.83.0.11")
    #expect(place.network.description == "10.83.0.0/24")
    #expect(place.gateway?.description == "10.83.0.1")
    let outside = try Settings(["outside.address": "192.0.2.7/25"]).interfaceAddress("outside")
    #expect(outside.network.description == "192.0.2.0/25")
    #expect(outside.gateway == nil)
    for text in ["", "10.83.0.11", "10.83.0.11/0", "10.83.0.11/33", "10.83.0/24", "10.83.0.11/x"] {
      #expect(throws: SettingsError.self, "\(text)") {
        try Settings(["net.address": text]).interfaceAddress()
      }
    }
    #expect(throws: SettingsError.self) {
      try Settings(["net.address": "10.83.0.11/24", "net.gateway": "router"]).interfaceAddress()
    }
  }

  @Test func `an interface may have an address of IPv6, or take what routers say`() throws {
    let settings = Settings(["net.address6": "fd00:83::11/64", "net.gateway6": "fe80::1"])
    let place = try #require(try settings.interfaceAddress6())
    #expect(place.address.description == "fd00:83::11" && place.network.description == "fd00:83::/64")
    #expect(place.gateway?.description == "fe80::1")
    #expect(try Settings(["net.address6": "auto"]).interfaceAddress6() == nil)
    #expect(try Settings([:]).interfaceAddress6() == nil)
    for text in ["", "fd00::1", "fd00::1/0", "fd00::1/129", "10.83.0.11/24", "ff02::1/64", "::/64"] {
      #expect(throws: SettingsError.self, "\(text)") {
        _ = try Settings(["net.address6": text]).interfaceAddress6()
      }
    }
    #expect(throws: SettingsError.self) {
      _ = try Settings(["net.address6": "fd00::1/64", "net.gateway6": "::"]).interfaceAddress6()
    }
  }
}
