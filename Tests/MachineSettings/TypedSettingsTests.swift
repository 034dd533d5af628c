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
}
