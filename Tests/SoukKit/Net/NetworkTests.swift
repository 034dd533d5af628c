import Glibc
import Testing

@testable import SoukKit

@Suite struct InnerNetworkTests {
  @Test func `every service has an address of its own, and so has the bridge`() {
    let all = ServiceKind.allCases
    #expect(Set(all.map { InnerNetwork.address($0) } + [InnerNetwork.gateway]).count == all.count + 1)
    #expect(
      Set(all.map(InnerNetwork.hardwareAddress) + [InnerNetwork.bridgeHardwareAddress]).count == all.count + 1
    )
    // IFNAMSIZ counts the byte behind the name.
    #expect((all.map(InnerNetwork.interface) + [InnerNetwork.bridge]).allSatisfy { $0.utf8.count < 16 })
  }

  @Test func `a namespace is named after the folder, always the same`() {
    let one = NetworkNamespace(DataFolder("/home/me/shop"))
    #expect(one == NetworkNamespace(DataFolder("/home/me/other/../shop")))
    #expect(one != NetworkNamespace(DataFolder("/home/me/shop2")))
    #expect(one.name.hasPrefix("souk-") && one.name.utf8.count == 13)
    #expect(one.path == "/run/netns/\(one.name)")
  }

  @Test func `what keeps this machine from it is said in words`() {
    #expect(NetworkNamespace.obstacle(user: 1000)?.contains("only root may") == true)
    #expect(NetworkNamespace.obstacle(user: 0, device: "/nowhere/tun")?.contains("modprobe tun") == true)
    #expect(NetworkNamespace.obstacle(user: 0, device: "/dev/null") == nil)
  }

  @Test func `a service on our own stack is told its place instead of its sockets`() throws {
    let manifest = try Manifest.parse(ManifestTests.whole, file: "shop.yaml")
    func settings(_ kind: ServiceKind) -> ServiceSettings {
      ServiceSettings(
        kind, folder: DataFolder("/x"), manifest: manifest,
        secrets: Secrets(internal: "i", cookie: "c", adminToken: "a"), ports: [:], network: .tap)
    }
    let cart = settings(.cart)
    #expect(cart["net.tap.fd"] == "3")
    #expect(cart["net.mac"] == "02:53:4f:55:4b:02")
    #expect(cart["net.address"] == "10.83.0.12/24")
    #expect(cart["net.gateway"] == "10.83.0.1")
    #expect(cart["listen.address"] == "10.83.0.12" && cart["listen.port"] == "80")
    #expect(cart["listen.fd"] == nil && cart["admin.port"] == nil)
    #expect(cart["peer.catalog"] == "10.83.0.11:80")
    #expect(settings(.gateway)["admin.address"] == "10.83.0.14" && settings(.gateway)["admin.port"] == "81")
  }

  @Test func `over IPv6 everything that a service is told of places is IPv6`() throws {
    let manifest = try Manifest.parse(ManifestTests.whole, file: "shop.yaml")
    func settings(_ kind: ServiceKind, _ target: Target) -> ServiceSettings {
      ServiceSettings(
        kind, folder: DataFolder("/x"), manifest: manifest,
        secrets: Secrets(internal: "i", cookie: "c", adminToken: "a"), ports: [.catalog: 1234],
        target: target,
        version: .v6)
    }
    let cart = settings(.cart, .qemu)
    #expect(cart["net.address6"] == "fd53:6f75:6b00::12/64" && cart["net.address"] == nil)
    #expect(cart["net.gateway6"] == "fd53:6f75:6b00::1" && cart["net.gateway"] == nil)
    #expect(cart["listen.address"] == "fd53:6f75:6b00::12")
    #expect(cart["peer.catalog"] == "[fd53:6f75:6b00::11]:80")
    #expect(settings(.cart, .process)["peer.catalog"] == "[::1]:1234")
    let gateway = settings(.gateway, .xen)
    #expect(gateway["listen.address"] == "::" && gateway["outside.address6"] == "auto")
    #expect(gateway["admin.address"] == "fd53:6f75:6b00::14")
    for kind in ServiceKind.allCases {
      for place in [settings(kind, .qemu), settings(kind, .process)].flatMap(\.lines) {
        #expect(!place.value.contains("10.83.") && !place.value.contains("127.0.0.1"), "\(place)")
      }
    }
  }

  @Test func `the forwarder is told which descriptor leads where`() {
    let settings = ForwarderSettings(
      namespace: NetworkNamespace(DataFolder("/x")),
      doors: [
        .init(name: "catalog", descriptor: 107, endpoint: "10.83.0.11:80"),
        .init(name: "gateway-admin", descriptor: 105, endpoint: "10.83.0.14:81"),
      ])
    #expect(settings.descriptors.map(\.from) == [107, 105] && settings.descriptors.map(\.to) == [3, 4])
    let lines = String(decoding: settings.bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.contains("doors=catalog gateway-admin"))
    #expect(lines.contains("catalog.fd=3") && lines.contains("peer.catalog=10.83.0.11:80"))
    #expect(lines.contains("gateway-admin.fd=4") && lines.contains("peer.gateway-admin=10.83.0.14:81"))
  }
}

@Suite(.enabled(if: NetworkNamespace.obstacle() == nil, "needs root and /dev/net/tun"))
struct TapNetworkTests {
  @Test func `a network is made, made anew over a leftover, and taken away`() throws {
    var template = Array("/tmp/souk-net-XXXXXX".utf8CString)
    mkdtemp(&template)
    let folder = DataFolder(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    defer { _ = try? Captured.run(["rm", "-r", folder.path]) }
    try folder.prepare()
    let leftover = try TapNetwork(folder, .v4)
    #expect(leftover.namespace.exists)
    for descriptor in leftover.descriptors.values { close(descriptor) }

    let network = try TapNetwork(folder, .v4)
    #expect(network.descriptors.count == ServiceKind.allCases.count)
    #expect(network.descriptors.values.allSatisfy { $0 >= Sockets.lowestInherited })
    let links = try Captured.run(["ip", "-n", network.namespace.name, "-brief", "address"]).output
    #expect(links.contains("10.83.0.1/24"))
    for kind in ServiceKind.allCases { #expect(links.contains("tap-\(kind.rawValue)")) }
    // The thread that went in is back: the namespace's bridge is not here.
    #expect(try Captured.run(["ip", "link", "show", "dev", "tap-cart"]).exitCode != 0)
    for descriptor in network.descriptors.values { close(descriptor) }
    network.remove()
    #expect(!network.namespace.exists)
    #expect(network.namespace.removeLeftover())
  }

  @Test func `what ip refuses is a failure in its words`() {
    let namespace = NetworkNamespace(DataFolder("/nowhere/at/all"))
    let failure = #expect(throws: Failure.self) { try namespace.remove() }
    #expect(failure?.message.contains("ip netns delete \(namespace.name)") == true)
  }
}
