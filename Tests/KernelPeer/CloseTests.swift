import Glibc
import MachineTesting
import NetworkStack
import Platform
import Testing

/// How connections with the Linux kernel end.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct CloseTests {
  @Test(arguments: End.allCases, End.allCases)
  func `what was sent before a close arrives`(client: End, closer: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: client)
      try await pair[closer].send(40_000, until: link.deadline)
      pair[closer].close()
      #expect(try await pair[closer.other].receive(50_000, until: link.deadline) == 40_000)
      pair[closer.other].close()
      try await link.allEnds()
      #expect(link.stack.timeWaitCount == (closer == .own ? 1 : 0))
      #expect(link.figure("souk_tcp_failures_total") == 0)
    }
  }

  @Test func `our abort is the kernel's ECONNRESET`() throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: .kernel)
      (pair.own as! StackStream).abort()
      #expect(await pair.kernel.failure(until: link.deadline) == .reset)
      pair.kernel.close()
    }
  }

  @Test(arguments: End.allCases)
  func `the kernel's abort is our error`(client: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: client)
      link.kernel.reset(pair.kernel)
      #expect(await pair.own.failure(until: link.deadline) == .reset)
      #expect(throws: NetworkError.reset) { _ = try pair.own.send([1].span.bytes) }
      try await link.allEnds()
      #expect(link.figure("souk_tcp_resets_received_total") == 1)
    }
  }

  @Test(arguments: End.allCases)
  func `a close before everything was read resets`(closer: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: .kernel)
      try await pair[closer.other].send(1000, until: link.deadline)
      #expect(try await pair[closer].receive(1, until: link.deadline) == 1)
      pair[closer].close()
      #expect(await pair[closer.other].failure(until: link.deadline) == .reset)
      pair[closer.other].close()
    }
  }

  @Test(arguments: End.allCases)
  func `what is sent to an end that has closed is answered with a reset`(closer: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: .kernel)
      pair[closer].close()
      #expect(try await pair[closer.other].isAtEnd(until: link.deadline))
      // The first one provokes the reset, a later one meets it.
      try await link.wait(for: "the reset") { (try? pair[closer.other].send([1].span.bytes)) == nil }
      pair[closer.other].close()
    }
  }

  @Test func `both ends close at once, 200 times`() throws {
    try KernelLink.run { link in
      var pairs: [Connected] = []
      for _ in 0..<200 { pairs.append(try await link.connect(from: pairs.count % 2 == 0 ? .own : .kernel)) }
      // The kernel's FINs are on the wire when ours are sent: each end gets the other's before its own is
      // acknowledged.
      link.device.holdsInbound = true
      for pair in pairs { pair.kernel.close() }
      for pair in pairs { pair.own.close() }
      await link.loop.sleep(until: link.loop.now)
      link.device.holdsInbound = false
      try await link.wait(for: "CLOSING to end") { link.stack.connectionCount == 0 }
      #expect(link.stack.timeWaitCount == 200)
      // TIME-WAIT (6) and LISTEN (10) at most: no socket of the kernel waits for us.
      try await link.wait(for: "the kernel's sockets to end") {
        KernelTable.states(of: "tcp").allSatisfy { $0 == 6 || $0 == 10 }
      }
    }
  }

  @Test func `a peer that vanishes is given up`() throws {
    var options = KernelLink.Options()
    options.stack.tcp.userTimeout = 1_500_000_000
    try KernelLink.run(options) { link in
      let pair = try await link.connect(from: .own)
      link.device.isCut = true
      try await pair.own.send(10, until: link.deadline)
      #expect(await pair.own.failure(until: link.deadline) == .timedOut)
      #expect(link.figure("souk_tcp_retransmissions_total") <= 5)
      link.kernel.reset(pair.kernel)
    }
  }
}
