import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// IPv6's routers and neighbours, as Linux and dnsmasq play them.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct RouterTests {
  private static let dnsmasq =
    "--no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user=root --group=root --interface=tap0 "
    + "--bind-interfaces --except-interface=lo --pid-file= --dhcp-leasefile=/dev/null --cache-size=0 "
    + "--enable-ra --dhcp-range=fd00:84::,ra-only,64,3600 --dhcp-option=option6:dns-server,[fd00:84::1] "
    + "--address=/shop.example/fd00:84::33 --local=/example/"

  @Test(
    .enabled(if: TestProcess.path(of: "dnsmasq") != nil || TestNamespace.isCI, "needs dnsmasq (dnsmasq-base)")
  )
  func `an address, a router and a name server come from a router's advertisement`() throws {
    var options = KernelLink.Options(.ipv6)
    options.usesRouters = true
    try KernelLink.run(options) { link in
      let server = try TestProcess("dnsmasq", Self.dnsmasq.split(separator: " ").map(String.init))
      func own() -> IPv6Address? {
        link.interface.ipv6Addresses.first { KernelLink.network6.contains($0) }
      }
      try await link.wait(for: "an address") { own() != nil }
      let found = try await link.stack.resolve("shop.example", until: link.deadline)
      #expect(found == [.v6(0xfd00_0084 << 32, 0x33)])
      // What is beyond the link goes to the kernel, which knows no way on.
      await #expect(throws: NetworkError.unreachable) {
        _ = try await link.stack.connect(
          to: Endpoint(.v6(0x2001_0db8 << 32, 1), port: 80), until: link.deadline)
      }
      let pair = try await link.connect(from: .own)
      try await pair.own.send(100_000, until: link.deadline)
      #expect(try await pair.kernel.receive(100_000, until: link.deadline) == 100_000)
      #expect(pair.kernel.peer.address == own().map { .v6($0.high, $0.low) })
      pair.close()
      server.stop()
    }
  }

  @Test func `a kernel that has a wrong idea of where we are finds us again, and a stream goes on`() throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      for (name, value) in [
        ("delay_first_probe_time", "1"), ("ucast_solicit", "1"), ("retrans_time_ms", "100"),
      ] {
        try TestNamespace.set("net.ipv6.neigh.tap0.\(name)", value)
      }
      let pair = try await link.connect(from: .kernel)
      try await pair.kernel.send(1_000, until: link.deadline)
      #expect(try await pair.own.receive(1_000, until: link.deadline) == 1_000)
      try TestNamespace.ip("neighbour replace fd00:84::2 dev tap0 lladdr 02:00:00:00:00:99 nud stale")
      try await pair.kernel.send(1_000, at: 1_000, until: link.deadline)
      #expect(try await pair.own.receive(1_000, at: 1_000, until: link.deadline) == 1_000)
      pair.close()
    }
  }
}
