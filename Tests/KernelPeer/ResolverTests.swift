import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// DHCP and DNS against dnsmasq.
@Suite(
  .enabled(if: TestNamespace.isExpected, needsRoot),
  .enabled(if: TestProcess.path(of: "dnsmasq") != nil || TestNamespace.isCI, "needs dnsmasq (dnsmasq-base)"))
struct ResolverTests {
  /// dnsmasq on the kernel's end, until the test is over.
  private func serve(_ words: String) throws -> TestProcess {
    let common =
      "--no-daemon --conf-file=/dev/null --no-resolv --no-hosts --no-ping --user=root --group=root "
      + "--interface=tap0 --bind-interfaces --except-interface=lo --pid-file= --dhcp-leasefile=/dev/null "
      + "--cache-size=0 "
    let words = (common + words).split(separator: " ").map(String.init)
    return try TestProcess("dnsmasq", words)
  }

  private static let pool = "--dhcp-range=10.84.0.50,10.84.0.60,255.255.255.0,120 --dhcp-authoritative "
  private static let names =
    "--address=/shop.example/10.84.0.33 --address=/shop.example/10.84.0.34 --local=/example/"

  private var asking: KernelLink.Options {
    var options = KernelLink.Options()
    options.usesDHCP = true
    return options
  }

  @Test func `a lease brings address, router and name server, and is given back`() throws {
    try KernelLink.run(asking) { link in
      var events: [AddressEvent] = []
      link.interface.whenAddressChanges = { events.append($0) }
      let server = try serve(Self.pool + Self.names)
      // The address is probed for before it is used: 4 to 7 seconds (RFC 5227 §1.1).
      try await link.wait(for: "a lease") { link.interface.address != nil }
      let address = try #require(link.interface.address)
      #expect((50...60).contains(address.rawValue & 0xff) && KernelLink.network.contains(address))
      #expect(link.interface.network == KernelLink.network)
      let found = try await link.stack.resolve("shop.example", until: link.deadline)
      #expect(Set(found) == [.v4(0x0a54_0021), .v4(0x0a54_0022)])
      // The kernel can talk to that address, and we from it.
      let pair = try await link.connect(from: .own)
      try await pair.own.send(100, until: link.deadline)
      #expect(try await pair.kernel.receive(100, until: link.deadline) == 100)
      #expect(pair.kernel.peer.address == .v4(address.rawValue))
      pair.close()
      try await link.allEnds()
      link.interface.release()
      #expect(link.interface.address == nil)
      #expect(events == [.configured(address, KernelLink.network), .lost])
      try await link.wait(for: "dnsmasq to take the lease back") { server.words.contains("DHCPRELEASE") }
      let words = server.words
      for word in ["DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK"] {
        #expect(words.contains(word), "\(words)")
      }
    }
  }

  @Test func `names are found, and those that are not there are not`() throws {
    try KernelLink.run { link in
      let server = try serve(Self.names)
      link.stack.useResolvers([link.address(.kernel)])
      // Until dnsmasq listens the kernel answers that nobody does.
      var found: [IPAddress] = []
      let deadline = link.deadline
      while found.isEmpty && link.loop.now < deadline {
        do throws(DNSFailure) {
          found = try await link.stack.resolve("shop.example", until: link.deadline)
        } catch {
          await link.loop.sleep(for: .milliseconds(20))
        }
      }
      #expect(Set(found) == [.v4(0x0a54_0021), .v4(0x0a54_0022)])
      await #expect(throws: DNSFailure.noSuchName) {
        _ = try await link.stack.resolve("nobody.example", until: link.deadline)
      }
      await #expect(throws: DNSFailure.serverFailure) {
        _ = try await link.stack.resolve("elsewhere.test", until: link.deadline)
      }
      server.stop()
    }
  }
}
