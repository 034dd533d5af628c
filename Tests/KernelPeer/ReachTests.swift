import Bytes
import CLinux
import Glibc
import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

/// Who answers when nobody is there, and what keeps a connection alive.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct ReachTests {
  @Test(arguments: End.allCases, KernelLink.Family.allCases)
  func `a port where nobody listens refuses`(client: End, family: KernelLink.Family) throws {
    try KernelLink.run(KernelLink.Options(family)) { link in
      let nobody = Endpoint(link.address(client.other), port: 9)
      await #expect(throws: NetworkError.refused) {
        _ = try await link.network(client).connect(to: nobody, until: link.deadline)
      }
    }
  }

  @Test(arguments: End.allCases, KernelLink.Family.allCases)
  func `an address that nobody has is unreachable`(client: End, family: KernelLink.Family) throws {
    try KernelLink.run(KernelLink.Options(family)) { link in
      let nobody = Endpoint(link.deadAddress, port: 80)
      await #expect(throws: NetworkError.unreachable) {
        _ = try await link.network(client).connect(to: nobody, until: link.deadline)
      }
    }
  }

  @Test(arguments: [IPAddress.v4(0x0808_0808), .v6(0x2001_0db8 << 32, 1)])
  func `an address beyond the link is unreachable without a router`(address: IPAddress) throws {
    try KernelLink.run(KernelLink.Options(.ipv6)) { link in
      await #expect(throws: NetworkError.unreachable) {
        _ = try await link.stack.connect(to: Endpoint(address, port: 53), until: link.deadline)
      }
    }
  }

  @Test func `the kernel's keepalive is answered`() throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: .kernel)
      link.kernel.probeWhenIdle(pair.kernel, seconds: 1, count: 2)
      // Without an answer the kernel would give up after the second.
      try await link.wait(for: "three keepalives of the kernel") {
        link.figure("souk_tcp_dropped_total", "outside_window") >= 3
      }
      try await pair.kernel.send(100, until: link.deadline)
      #expect(try await pair.own.receive(100, until: link.deadline) == 100)
      pair.close()
    }
  }

  @Test func `the kernel's keepalive finds that we are gone`() throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: .kernel)
      link.kernel.probeWhenIdle(pair.kernel, seconds: 1, count: 2)
      link.device.isCut = true
      #expect(await pair.kernel.failure(until: link.deadline) == .timedOut)
      (pair.own as! StackStream).abort()
    }
  }

  private var lively: KernelLink.Options {
    var options = KernelLink.Options()
    options.stack.tcp.keepAliveIdle = 100_000_000
    options.stack.tcp.keepAliveInterval = 100_000_000
    options.stack.tcp.keepAliveProbeCount = 3
    return options
  }

  @Test func `our keepalive is answered`() throws {
    try KernelLink.run(lively) { link in
      // The kernel answers such segments twice a second at most.
      try TestNamespace.set("net.ipv4.tcp_invalid_ratelimit", "0")
      let pair = try await link.connect(from: .own)
      try await link.wait(for: "ten keepalives") { link.figure("souk_tcp_probes_total") >= 10 }
      try await pair.own.send(100, until: link.deadline)
      #expect(try await pair.kernel.receive(100, until: link.deadline) == 100)
      pair.close()
    }
  }

  @Test func `our keepalive finds that the kernel is gone`() throws {
    try KernelLink.run(lively) { link in
      let pair = try await link.connect(from: .own)
      link.device.isCut = true
      #expect(await pair.own.failure(until: link.deadline) == .timedOut)
      #expect(link.figure("souk_tcp_probes_total") == 3)
      link.kernel.reset(pair.kernel)
    }
  }

  @Test(
    .enabled(if: TestProcess.path(of: "ping") != nil || TestNamespace.isCI, "needs ping (iputils-ping)"),
    arguments: KernelLink.Family.allCases)
  func `ping is answered in all sizes`(family: KernelLink.Family) throws {
    try KernelLink.run(KernelLink.Options(family)) { link in
      let host = family == .ipv4 ? "10.84.0.2" : "fd00:84::2"
      for byteCount in [0, 1, 56, 1452, 1472, 1473, 4000] {
        let ping = link.aside {
          try TestProcess.run(
            "ping", ["-c", "5", "-i", "0.002", "-W", "10", "-s", "\(byteCount)", host])
        }
        let answer = try await ping.value()
        // Ping compares every byte (from 16 on, behind its own time stamp).
        #expect(answer.output.contains("5 packets transmitted, 5 received, 0% packet loss"), "\(answer)")
        #expect(!answer.output.contains("wrong data") && !answer.output.contains("truncated"), "\(answer)")
      }
      #expect(link.figure("souk_icmp_echo_replies_total") == 35)
    }
  }

  @Test(arguments: KernelLink.Course.allCases)
  func `datagrams come and go`(course: KernelLink.Course) throws {
    try KernelLink.run(course.options) { link in
      let socket = try link.stack.bind(port: 7)
      let room = course.family == .ipv4 ? 1472 : 1452
      let sizes = [0, 1, 100, room - 1, room]
      let own = link.address(.own)
      let client = link.aside {
        let socket = try KernelSocket(SOCK_DGRAM, course.family)
        try socket.connect(to: own, port: 7)
        for size in sizes {
          let bytes = Array(Pattern.piece(at: size, size))
          try socket.send(bytes)
          guard try socket.receive() == bytes else { return size }
        }
        // Comes in three fragments, and is too long to go back.
        try socket.send(Array(Pattern.piece(at: 0, 4000)))
        return -1
      }
      for size in sizes {
        try await socket.waitReadable(until: link.deadline)
        let datagram = try #require(socket.receive())
        #expect(datagram.payload.count == size)
        try socket.send(datagram.payload.span.bytes, to: datagram.source)
      }
      #expect(try await client.value() == -1)
      try await socket.waitReadable(until: link.deadline)
      let long = try #require(socket.receive())
      #expect(long.payload == Array(Pattern.piece(at: 0, 4000)))
      #expect(throws: NetworkError.exhausted) { try socket.send(long.payload.span.bytes, to: long.source) }
      socket.close()
    }
  }

  @Test(arguments: KernelLink.Family.allCases)
  func `a datagram to nobody at the kernel's end comes back as an error`(family: KernelLink.Family) throws {
    try KernelLink.run(KernelLink.Options(family)) { link in
      let before = link.figure("souk_icmp_received_total")
      let socket = try link.stack.bind()
      try socket.send([1].span.bytes, to: Endpoint(link.address(.kernel), port: 9))
      try await link.wait(for: "port unreachable") { link.figure("souk_icmp_received_total") > before }
      #expect(socket.receive() == nil)
      socket.close()
    }
  }

  @Test(arguments: KernelLink.Family.allCases)
  func `a datagram to nobody is the kernel's ECONNREFUSED`(family: KernelLink.Family) throws {
    try KernelLink.run(KernelLink.Options(family)) { link in
      let own = link.address(.own)
      let client = link.aside {
        let socket = try KernelSocket(SOCK_DGRAM, family)
        try socket.connect(to: own, port: 9)
        try socket.send([1])
        do throws(KernelSocket.Failure) {
          _ = try socket.receive()
          return Int32(0)
        } catch {
          return error.code
        }
      }
      let code = try await client.value()
      #expect(code == ECONNREFUSED)
    }
  }
}
