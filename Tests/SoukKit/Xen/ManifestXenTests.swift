import Testing
import Wire

@testable import SoukKit

@Suite struct ManifestXenTests {
  private func xen(_ text: String) throws(Failure) -> Manifest.Xen { try XenSample.plan(text).manifest.xen }

  private func failure(_ text: String) -> String {
    do throws(Failure) {
      _ = try xen(text)
      return "no failure"
    } catch {
      return error.message
    }
  }

  @Test func `without the section, and with the shipped one, the defaults hold`() throws {
    #expect(try xen("") == Manifest.Xen())
    #expect(try Manifest.read(Checkout.manifest).xen == Manifest.Xen())
    #expect(try xen("xen: {}") == Manifest.Xen())
  }

  @Test func `everything can be decided`() throws {
    let xen = try xen(
      """
      xen:
        prefix: corner-shop
        insideBridge: inner
        outside:
          bridge: br-lan.7
          address: 192.0.2.10/24
          gateway: 192.0.2.1
          mac: 00:16:3E:12:34:56
        memory:
          catalog: 64
          gateway: 8
      """)
    #expect(xen.domain(.cart) == "corner-shop-cart")
    #expect(xen.insideBridge == "inner" && xen.outside.bridge == "br-lan.7")
    #expect(xen.outside.address?.address == IPv4Address(192, 0, 2, 10))
    #expect(xen.outside.address?.prefixLength == 24)
    #expect(xen.outside.address?.gateway == IPv4Address(192, 0, 2, 1))
    #expect(xen.outside.hardwareAddress == "00:16:3e:12:34:56")
    #expect(ServiceKind.allCases.map(xen.megabytes) == [64, 32, 32, 8])
  }

  @Test(arguments: [
    ("xen: dom0", "`xen` must hold `key: value` lines"),
    ("xen: {vcpus: 2}", "unknown key `xen.vcpus`"),
    ("xen: {outside: {bridge: }}", "`xen.outside.bridge` must be a bridge's name"),
    ("xen: {outside: {bridge: my bridge}}", "`xen.outside.bridge` must be a bridge's name"),
    ("xen: {outside: {bridge: sixteen-letters-}}", "`xen.outside.bridge` must be a bridge's name"),
    ("xen: {insideBridge: -a}", "`xen.insideBridge` must be a bridge's name"),
    ("xen: {insideBridge: xenbr0}", "has xenbr0 for both bridges"),
    ("xen: {prefix: Souk}", "`xen.prefix` must be what domains' names begin with"),
    ("xen: {prefix: \"\"}", "`xen.prefix` must be what domains' names begin with"),
    ("xen: {prefix: 1a}", "`xen.prefix` must be what domains' names begin with"),
    ("xen: {memory: {catalog: 7}}", "`xen.memory.catalog` must be MiB of memory, from 8"),
    ("xen: {memory: {catalog: 32M}}", "`xen.memory.catalog` must be MiB of memory"),
    ("xen: {memory: {catalogue: 32}}", "unknown key `xen.memory.catalogue`"),
    ("xen: {outside: {address: 192.0.2.10}}", "`xen.outside.address` must be dhcp, or a host's address"),
    ("xen: {outside: {address: 192.0.2.300/24}}", "must be dhcp, or a host's address"),
    ("xen: {outside: {address: 192.0.2.0/24}}", "must be dhcp, or a host's address"),
    ("xen: {outside: {address: 192.0.2.255/24}}", "must be dhcp, or a host's address"),
    ("xen: {outside: {address: 192.0.2.10/33}}", "must be dhcp, or a host's address"),
    ("xen: {outside: {address: 224.0.0.1/24}}", "must be dhcp, or a host's address"),
    ("xen: {outside: {address: 10.83.0.14/24}}", "overlaps 10.83.0.0/24"),
    ("xen: {outside: {address: 10.1.2.3/8}}", "overlaps 10.83.0.0/24"),
    ("xen: {outside: {address: 10.83.0.130/25}}", "overlaps 10.83.0.0/24"),
    ("xen: {outside: {gateway: 192.0.2.1}}", "`xen.outside.gateway` goes with an address"),
    ("xen: {outside: {address: dhcp, gateway: 192.0.2.1}}", "DHCP brings its own router"),
    (
      "xen: {outside: {address: 192.0.2.10/24, gateway: 192.0.2.10}}",
      "must be the address of another host of 192.0.2.0/24"
    ),
    (
      "xen: {outside: {address: 192.0.2.10/24, gateway: 198.51.100.1}}",
      "must be the address of another host of 192.0.2.0/24"
    ),
    ("xen: {outside: {mac: 00:16:3e}}", "`xen.outside.mac` must be one interface's hardware address"),
    ("xen: {outside: {mac: \"01:16:3e:00:00:01\"}}", "must be one interface's hardware address"),
    ("xen: {outside: {mac: \"00:16:3e:53:4f:02\"}}", "is the address of an interface inside"),
  ])
  func `a mistake is named with what to do`(_ text: String, _ message: String) {
    #expect(failure(text).contains(message), "\(failure(text))")
    #expect(failure(text).hasPrefix("shop.yaml:"))
  }

  @Test func `a link of two has no other addresses, and needs none`() throws {
    let xen = try xen("xen: {outside: {address: 192.0.2.2/31, gateway: 192.0.2.3}}")
    #expect(xen.outside.address?.gateway == IPv4Address(192, 0, 2, 3))
  }
}
