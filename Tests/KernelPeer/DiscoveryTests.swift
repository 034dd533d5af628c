import CLinux
import EventLoop
import Glibc
import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// Duplicate addresses and extension headers, as Linux does them.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct DiscoveryTests {
  /// What `ip` says about the kernel's addresses on the link, off the loop, so that our stack can answer meanwhile.
  private func addresses(_ link: KernelLink, _ which: String) async throws -> String {
    let answer = link.aside {
      try TestProcess.run("ip", ["-6", "address", "show", "dev", "tap0"] + (which.isEmpty ? [] : [which]))
    }
    return try await answer.value().output
  }

  @Test func `the kernel does not take an address that is ours`() throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      // Nobody heard our own question within a second, so it is ours.
      let start = link.loop.now
      try await link.wait(for: "the end of our probe") { link.loop.now - start > .milliseconds(1_200) }
      try TestNamespace.set("net.ipv6.conf.tap0.accept_dad", "1")
      try TestNamespace.ip("address add fd00:84::2/64 dev tap0")
      let deadline = link.deadline
      while try await !addresses(link, "dadfailed").contains("fd00:84::2") {
        guard link.loop.now < deadline else { throw KernelLink.Hang(what: "the kernel to give up") }
      }
      #expect(link.interface.ipv6Addresses.contains(KernelLink.ownAddress6))
    }
  }

  @Test func `of us and the kernel, who begin to use one address, not both get it`() throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      var events: [AddressEvent] = []
      link.interface.whenAddressChanges = { events.append($0) }
      // Within a second of our start we are asked while we ask, and give up; on a slow machine the kernel comes later.
      try TestNamespace.ip("address add fd00:84::2/64 dev tap0")
      let deadline = link.deadline
      while !events.contains(.duplicateIPv6(KernelLink.ownAddress6)) {
        if try await addresses(link, "dadfailed").contains("fd00:84::2") { break }
        guard link.loop.now < deadline else { throw KernelLink.Hang(what: "the end of one of both") }
      }
      #expect(
        link.interface.ipv6Addresses.contains(KernelLink.ownAddress6)
          != events.contains(.duplicateIPv6(KernelLink.ownAddress6)))
      // One that we made is there all the same.
      try await link.wait(for: "our link-local address") {
        link.interface.ipv6Addresses.contains { $0.isLinkLocal }
      }
    }
  }

  @Test func `our link-local address answers a ping`() throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      try await link.wait(for: "our link-local address") {
        link.interface.ipv6Addresses.contains { $0.isLinkLocal }
      }
      let own = try #require(link.interface.ipv6Addresses.first { $0.isLinkLocal })
      let ping = link.aside {
        try TestProcess.run("ping", ["-6", "-c", "3", "-i", "0.01", "-W", "10", "\(own)%tap0"])
      }
      let answer = try await ping.value()
      #expect(answer.output.contains("3 packets transmitted, 3 received"), "\(answer)")
    }
  }

  /// The kernel sends a datagram behind `options`, an IPV6_DSTOPTS or IPV6_HOPOPTS.
  private func send(_ bytes: [UInt8], behind options: [UInt8], _ kind: Int32) throws -> Int32 {
    let socket = try KernelSocket(SOCK_DGRAM, .ipv6)
    let result = setsockopt(
      socket.descriptor, Int32(IPPROTO_IPV6), kind, options, socklen_t(options.count))
    guard result == 0 else { throw KernelSocket.Failure(call: "setsockopt", code: errno) }
    try socket.connect(to: IPAddress.v6(0xfd00_0084 << 32, 2), port: 7)
    try socket.send(bytes)
    do throws(KernelSocket.Failure) {
      _ = try socket.receive()
      return 0
    } catch {
      return error.code
    }
  }

  /// Linux's numbers of the socket options for hop-by-hop and for destination options.
  @Test(arguments: [54, 59] as [Int32]) func `a datagram behind options is read`(kind: Int32) throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      let socket = try link.stack.bind(port: 7)
      let code = link.aside { try send([1, 2, 3], behind: [0, 0, 1, 4, 0, 0, 0, 0], kind) }
      try await socket.waitReadable(until: link.deadline)
      let datagram = try #require(socket.receive())
      #expect(datagram.payload == [1, 2, 3])
      try socket.send([4].span.bytes, to: datagram.source)
      #expect(try await code.value() == 0)
      socket.close()
    }
  }

  @Test func `the kernel is told that an option is not known`() throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      let socket = try link.stack.bind(port: 7)
      // Type 0x9e: an experiment, to be told even about groups. The kernel calls the answer a protocol error.
      let code = link.aside { try send([1, 2, 3], behind: [0, 0, 0x9e, 4, 0, 0, 0, 0], 59) }
      #expect(try await code.value() == EPROTO)
      #expect(socket.receive() == nil)
      socket.close()
    }
  }
}
