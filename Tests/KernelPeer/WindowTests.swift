import CLinux
import Glibc
import MachineTesting
import Platform
import Testing

/// Readers that pause, and senders that wait for more.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct WindowTests {
  @Test(arguments: [true, false])
  func `a window that the kernel closes for seconds loses nothing`(offloads: Bool) throws {
    try KernelLink.run(KernelLink.Options(offloads: offloads)) { link in
      let pair = try await link.connect(from: .own)
      let count = 12 << 20
      let sending = link.begin {
        try await pair.own.send(count, until: link.deadline)
        pair.own.finish()
      }
      // Probes at 0.2, 0.6, 1.4 and 3 s: the window is closed for as long.
      try await link.wait(for: "four probes") { link.figure("souk_tcp_probes_total") >= 4 }
      #expect(!sending.isDone)
      #expect(try await pair.kernel.receive(count + 1, until: link.deadline) == count)
      try await sending.value()
      // A probe for each doubling of time, and no storm.
      #expect(link.figure("souk_tcp_probes_total") <= 10)
      pair.close()
    }
  }

  @Test(arguments: [true, false])
  func `a window that we close for seconds loses nothing`(offloads: Bool) throws {
    try KernelLink.run(KernelLink.Options(offloads: offloads)) { link in
      let pair = try await link.connect(from: .kernel)
      let count = 12 << 20
      let sending = link.begin {
        try await pair.kernel.send(count, until: link.deadline)
        pair.kernel.finish()
      }
      // The kernel's probes have the number before the window.
      try await link.wait(for: "four probes of the kernel") {
        link.figure("souk_tcp_dropped_total", "outside_window") >= 4
      }
      #expect(!sending.isDone)
      #expect(try await pair.own.receive(count + 1, until: link.deadline) == count)
      try await sending.value()
      pair.close()
      #expect(link.figure("souk_tcp_dropped_total", "outside_window") <= 20)
    }
  }

  @Test(arguments: End.allCases)
  func `a reader of a few bytes at a time gets everything`(sender: End) throws {
    try KernelLink.run { link in
      let pair = try await link.connect(from: sender)
      let count = 600_000
      let sending = link.begin { try await pair[sender].send(count, until: link.deadline) }
      var done = 0
      while done < count {
        let received = try await pair[sender.other].receive(
          min(997, count - done), at: done, until: link.deadline)
        try #require(received == min(997, count - done))
        done += received
      }
      try await sending.value()
      pair.close()
    }
  }

  /// A request in two writes is what makes Nagle's algorithm wait for our delayed acknowledgement.
  @Test func `a peer with Nagle's algorithm is served`() throws {
    try KernelLink.run { link in
      let listener = try link.stack.listen(on: Endpoint(link.address(.own), port: 7))
      let client = link.aside {
        let socket = try KernelSocket()
        try socket.connect(port: 7)
        for number in 0..<20 {
          try socket.send([UInt8(number)])
          try socket.send([UInt8(number + 1)])
          guard try socket.receiveAll(2) == [UInt8(number), UInt8(number + 1)] else { return number }
        }
        return 20
      }
      let stream = try await listener.next()
      try await stream.echo(2, until: link.deadline)
      #expect(try await client.value() == 20)
      stream.close()
    }
  }

  @Test func `our own Nagle's algorithm delays and delivers`() throws {
    var options = KernelLink.Options()
    options.stack.tcp.isNagleEnabled = true
    try KernelLink.run(options) { link in
      let pair = try await link.connect(from: .own)
      for number in 0..<200 { try await pair.own.send(10, at: number * 10, until: link.deadline) }
      pair.own.finish()
      #expect(try await pair.kernel.receive(2001, until: link.deadline) == 2000)
      pair.close()
    }
  }

  @Test func `urgent bytes are bytes`() throws {
    try KernelLink.run { link in
      let listener = try link.stack.listen(on: Endpoint(link.address(.own), port: 7))
      let client = link.aside {
        let socket = try KernelSocket()
        try socket.connect(port: 7)
        try socket.send([1, 2, 3])
        try socket.send([4], flags: Int32(MSG_OOB))
        try socket.send([5, 6])
        return try socket.receiveAll(6)
      }
      let stream = try await listener.next()
      try await stream.echo(1, until: link.deadline)
      #expect(try await client.value() == [1, 2, 3, 4, 5, 6])
      stream.close()
    }
  }
}
