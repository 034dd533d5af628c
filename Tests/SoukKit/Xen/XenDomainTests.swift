import MachineSettings
import Testing
import Wire

@testable import SoukKit

/// A shop of the manifest's defaults, with secrets that everybody knows.
struct XenSample {
  static let secrets = Secrets(internal: "i", cookie: "c", adminToken: "a")

  static func plan(_ xen: String = "") throws(Failure) -> XenPlan {
    XenPlan(
      manifest: try Manifest.parse(ManifestTests.whole + "\n" + xen, file: "shop.yaml"), secrets: secrets)
  }
}

@Suite struct XenDomainTests {
  @Test(arguments: ServiceKind.allCases)
  func `xl reads each configuration as it was meant`(_ kind: ServiceKind) throws {
    let domain = try XenSample.plan().domain(kind, in: "")
    let read = try #require(XLConfiguration(domain.configuration))
    #expect(read.text("name") == "souk-\(kind.rawValue)")
    #expect(read.text("type") == "pvh")
    #expect(read.text("kernel") == "\(kind.rawValue).elf")
    #expect(read.text("ramdisk") == "\(kind.rawValue).module")
    #expect(read.text("cmdline") == "")
    #expect(read.number("memory") == (kind == .gateway ? 16 : 32))
    #expect(read.number("vcpus") == 1)
    #expect(read.text("tsc_mode") == "native")
    #expect(read.text("on_poweroff") == "destroy")
    #expect(read.text("on_reboot") == "restart")
    #expect(read.text("on_crash") == "restart")
    let number = ServiceKind.allCases.firstIndex(of: kind)! + 1
    let interfaces = read.list("vif")
    #expect(interfaces.first == "mac=00:16:3e:53:4f:0\(number),bridge=soukbr0")
    #expect(interfaces.count == (kind == .gateway ? 2 : 1))
    if kind == .gateway { #expect(interfaces.last?.hasSuffix(",bridge=xenbr0") ?? false) }
    let disks = read.list("disk")
    if kind == .gateway {
      #expect(domain.disk == nil && !domain.configuration.contains("\ndisk"))
    } else {
      #expect(
        disks.map { read.disk($0) } == [
          .init(
            path: "\(kind.rawValue).disk", name: "xvda", isRaw: true, isServedByKernel: true,
            isWritable: true)
        ])
      #expect(read.isSilent)
    }
  }

  @Test func `the configuration of the gateway is this text`() throws {
    let plan = try XenSample.plan("xen: {outside: {mac: \"00:16:3e:aa:bb:cc\"}}")
    #expect(
      plan.domain(.gateway, in: "/srv/souk").configuration == """
        name = "souk-gateway"
        type = "pvh"
        kernel = "/srv/souk/gateway.elf"
        ramdisk = "/srv/souk/gateway.module"
        cmdline = ""
        memory = 16
        vcpus = 1
        tsc_mode = "native"
        on_poweroff = "destroy"
        on_reboot = "restart"
        on_crash = "restart"
        vif = [ "mac=00:16:3e:53:4f:04,bridge=soukbr0", "mac=00:16:3e:aa:bb:cc,bridge=xenbr0" ]

        """)
  }

  @Test func `a path with blanks and commas is one path`() throws {
    let domain = try XenSample.plan().domain(.cart, in: "/srv/a shop, two=3")
    let read = try #require(XLConfiguration(domain.configuration))
    #expect(read.text("kernel") == "/srv/a shop, two=3/cart.elf")
    #expect(read.list("disk").first.flatMap { read.disk($0) }?.path == "/srv/a shop, two=3/cart.disk")
  }

  /// up.sh gives xl the whole paths behind the configuration's own.
  @Test func `of two settings xl takes the last one`() throws {
    let domain = try XenSample.plan().domain(.cart, in: "")
    let more = "kernel=\"/x/cart.elf\"\ndisk=[\"\(XenDomain.diskOptions)/x/cart.disk\"]\n"
    let read = try #require(XLConfiguration(domain.configuration + more))
    #expect(read.text("kernel") == "/x/cart.elf")
    #expect(read.list("disk").map { read.disk($0)?.path } == ["/x/cart.disk"])
  }

  @Test func `what xl refuses is known to this test`() {
    #expect(XLConfiguration("name = \"open\nmemory = 1\n") == nil)
    let read = XLConfiguration("memory = 1\n")
    #expect(read?.text("name") == nil && read?.number("memory") == 1)
    #expect(read?.disk("format=oval,vdev=xvda,target=x") == nil)
  }

  @Test func `the gateway's outside address is this shop's alone, and no other interface's`() throws {
    let plan = try XenSample.plan()
    let other = XenPlan(
      manifest: plan.manifest, secrets: Secrets(internal: "j", cookie: "c", adminToken: "a"))
    #expect(plan.outsideHardwareAddress == (try XenSample.plan().outsideHardwareAddress))
    #expect(plan.outsideHardwareAddress != other.outsideHardwareAddress)
    for address in [plan.outsideHardwareAddress, other.outsideHardwareAddress] {
      let parts = address.split(separator: ":").compactMap { UInt8($0, radix: 16) }
      #expect(parts.count == 6 && Array(parts[..<3]) == [0, 0x16, 0x3e] && parts[3] >= 0x80)
    }
  }
}

@Suite struct XenSettingsTests {
  private func settings(_ kind: ServiceKind, _ xen: String = "") throws -> ServiceSettings {
    ServiceSettings(
      kind, folder: DataFolder("/x"), manifest: try XenSample.plan(xen).manifest,
      secrets: XenSample.secrets, ports: [:], target: .xen)
  }

  @Test func `a domain inside has one address and no router`() throws {
    let cart = try settings(.cart)
    #expect(cart["net.address"] == "10.83.0.12/24" && cart["net.gateway"] == nil)
    #expect(cart["listen.address"] == "10.83.0.12" && cart["listen.port"] == "80")
    #expect(cart["peer.catalog"] == "10.83.0.11:80")
    #expect(!cart.lines.contains { $0.key.hasPrefix("outside.") })
  }

  @Test func `the gateway listens on both sides, and is looked at from inside alone`() throws {
    let gateway = try settings(.gateway)
    #expect(gateway["net.address"] == "10.83.0.14/24" && gateway["net.gateway"] == nil)
    #expect(gateway["outside.address"] == "dhcp" && gateway["outside.gateway"] == nil)
    #expect(gateway["listen.address"] == "0.0.0.0" && gateway["listen.port"] == "80")
    #expect(gateway["admin.address"] == "10.83.0.14" && gateway["admin.port"] == "81")
    let fixed = try settings(.gateway, "xen: {outside: {address: 192.0.2.10/24, gateway: 192.0.2.1}}")
    #expect(fixed["outside.address"] == "192.0.2.10/24" && fixed["outside.gateway"] == "192.0.2.1")
    // The image reads them by these names.
    let read = try Settings(parsing: fixed.bytes.span.bytes, from: "test")
    let outside = try read.interfaceAddress("outside")
    #expect(outside.address == IPv4Address(192, 0, 2, 10) && outside.gateway == IPv4Address(192, 0, 2, 1))
    #expect(try read.interfaceAddress().gateway == nil)
    let alone = try settings(.gateway, "xen: {outside: {address: 192.0.2.10/24}}")
    #expect(alone["outside.gateway"] == nil)
  }

  @Test func `a machine in QEMU keeps its router`() throws {
    let settings = ServiceSettings(
      .gateway, folder: DataFolder("/x"), manifest: try XenSample.plan().manifest,
      secrets: XenSample.secrets, ports: [:], target: .qemu)
    #expect(settings["net.gateway"] == "10.83.0.1" && settings["outside.address"] == nil)
    #expect(settings["listen.address"] == "10.83.0.14")
  }
}
