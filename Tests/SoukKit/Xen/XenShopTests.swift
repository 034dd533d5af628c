import Glibc
import Testing

@testable import SoukKit

@Suite struct XenShopTests {
  /// A shop on a dom0 that is played.
  private func shop(_ dom0: FakeDom0, capabilities: String = "control_d\n") throws -> XenShop {
    try Files.write(Array(capabilities.utf8), to: dom0.path + "/capabilities", mode: 0o600)
    var shop = XenShop(DataFolder(dom0.path + "/data"))
    shop.host = XenHost(
      capabilities: dom0.path + "/capabilities", path: "\(dom0.path)/bin:/usr/bin:/bin",
      environment: ["STATE": dom0.path + "/state"], user: 0)
    shop.images = dom0.path + "/images"
    return shop
  }

  @Test func `up deploys and starts in one step, and down stops`() throws {
    let dom0 = try FakeDom0()
    let shop = try shop(dom0)
    #expect(!shop.isRunning)
    try shop.up(try Manifest.parse(ManifestTests.whole, file: "shop.yaml"))
    #expect(shop.isRunning && shop.currency == "EUR")
    #expect(dom0.domains == ["souk-catalog", "souk-cart", "souk-checkout", "souk-gateway"])
    let cart = dom0.takeLog().first { $0.hasPrefix("create cart.cfg") }
    // The disk is where the shop has its databases with every target.
    #expect(cart?.hasSuffix("target=\(dom0.path)/data/databases/cart.disk\"]") ?? false)
    #expect(try DiskReport("\(dom0.path)/data/databases/cart.disk").service == "cart")
    // Again: nothing is started twice.
    try shop.up(try Manifest.parse(ManifestTests.whole, file: "shop.yaml"))
    #expect(dom0.takeLog().allSatisfy { $0.hasPrefix("ready ") })
    try shop.down()
    #expect(dom0.domains == [] && !shop.isRunning)
  }

  @Test func `a running shop is not waited for at addresses it does not have`() throws {
    let dom0 = try FakeDom0()
    let shop = try shop(dom0)
    let manifest = try Manifest.parse(ManifestTests.whole, file: "shop.yaml")
    try shop.up(manifest)
    let failure = #expect(throws: Failure.self) { try shop.up(manifest, .v6) }
    #expect(failure?.message.contains("runs over IPv4: `souk down") ?? false)
    #expect(dom0.domains.count == 4)
    try shop.down()
    try shop.up(manifest, .v6)
    #expect(dom0.domains.count == 4)
  }

  @Test func `up that fails says so and leaves nothing running`() throws {
    let dom0 = try FakeDom0()
    let shop = try shop(dom0)
    try dom0.set("no-memory-souk-cart")
    let failure = #expect(throws: Failure.self) {
      try shop.up(try Manifest.parse(ManifestTests.whole, file: "shop.yaml"))
    }
    #expect(failure?.message == "the shop is not open: the reasons are above")
    #expect(dom0.domains == [])
  }

  @Test func `a shop that runs elsewhere on this folder is not started beside`() throws {
    let dom0 = try FakeDom0()
    let shop = try shop(dom0)
    try shop.folder.prepare()
    let lock = try #require(try shop.folder.lock())
    defer { close(lock) }
    let failure = #expect(throws: Failure.self) {
      try shop.up(try Manifest.parse(ManifestTests.whole, file: "shop.yaml"))
    }
    #expect(failure?.message.contains("souk down") ?? false)
    #expect(dom0.domains == [] && dom0.takeLog() == [])
  }

  @Test func `elsewhere than on a dom0 one line says what to try`() throws {
    let dom0 = try FakeDom0()
    for capabilities in ["", "no control here\n"] {
      let host = try shop(dom0, capabilities: capabilities).host
      #expect(host.obstacle?.contains("try `souk lab`") ?? false)
    }
    #expect(XenHost(capabilities: "/nowhere").obstacle?.contains("not the dom0") ?? false)
    var host = try shop(dom0).host
    #expect(host.obstacle == nil)
    host.user = 1000
    #expect(host.obstacle?.contains("sudo") ?? false)
    host.path = "/nowhere"
    #expect(host.obstacle?.contains("there is no xl") ?? false)
  }
}
