import CLinux
import Glibc
import MachineTesting
import NetworkStack
import Platform
import TCP
import Testing

/// Many connections, at once and one after another.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct CrowdTests {
  /// Who closes first, and how.
  enum Closer: CaseIterable, Sendable {
    case own
    case kernel
    case kernelByReset
  }

  /// Threads that connect.
  private static let clientCount = 8

  /// Serves connections that `closer` ends: a few bytes come, the same go back.
  private func serve(_ listener: any Listener, _ closer: Closer, _ link: KernelLink) {
    link.loop.spawn {
      while true {
        guard let stream = try? await listener.next() else { return }
        link.loop.spawn {
          guard (try? await stream.receive(8, until: link.deadline)) == 8 else { return stream.close() }
          try? await stream.send(8, until: link.deadline)
          if closer != .own { _ = await stream.failure(until: link.deadline) }
          stream.close()
        }
      }
    }
  }

  /// `count` connections of the kernel to us. Returns how many got their answer.
  private func call(_ count: Int, _ closer: Closer, port: UInt16, _ link: KernelLink) async throws -> Int {
    let request = Array(Pattern.piece(at: 0, 8))
    let clients = (0..<Self.clientCount).map { _ in
      link.aside {
        var answered = 0
        for _ in 0..<count / Self.clientCount {
          let socket = try KernelSocket()
          if closer == .kernelByReset { socket.setAborts() }
          try socket.connect(port: port)
          try socket.send(request)
          if try socket.receiveAll(8) == request { answered += 1 }
          if closer == .own {
            guard try socket.receive().isEmpty else { return -1 }
          }
        }
        return answered
      }
    }
    var answered = 0
    for client in clients { answered += try await client.value() }
    return answered
  }

  @Test func `70,400 connections one after another leave nothing`() throws {
    try KernelLink.run { link in
      // Few ports for the kernel, so that they come again while TIME-WAIT remembers them.
      try TestNamespace.set("net.ipv4.ip_local_port_range", "10000 29999")
      try TestNamespace.set("net.ipv4.tcp_tw_reuse", "1")
      var total = 0
      for (number, closer) in Closer.allCases.enumerated() {
        let listener = try link.stack.listen(on: Endpoint(.any, port: UInt16(7 + number)))
        serve(listener, closer, link)
        let count = closer == .own ? 40_000 : 15_200
        total += try await call(count, closer, port: listener.endpoint.port, link)
        try await link.expectNothingIsLeft()
        listener.close()
      }
      #expect(total == 70_400)
      #expect(link.figure("souk_tcp_opens_total", "passive") == 70_400)
      for reason in ["listen_overflow", "connection_limit", "no_room"] {
        #expect(link.figure("souk_tcp_dropped_total", reason) == 0, "\(reason)")
      }
      #expect(link.stack.pool.refusalCount == 0)
      #expect(link.stack.pool.usedByteCount == 0)
    }
  }

  @Test(arguments: End.allCases)
  func `2,000 idle connections cost what they were admitted for`(client: End) throws {
    try KernelLink.run { link in
      let count = 2000
      let listener = try link.network(client.other).listen(on: Endpoint(link.address(client.other), port: 0))
      var opened: [any ByteStream] = []
      var accepted: [any ByteStream] = []
      for _ in 0..<count {
        opened.append(try await link.network(client).connect(to: listener.endpoint, until: link.deadline))
        accepted.append(try await listener.next())
      }
      // A message over each, so that they have had something to hold.
      for index in 0..<count {
        try await opened[index].send(300, until: link.deadline)
        try #require(try await accepted[index].receive(300, until: link.deadline) == 300)
      }
      let pool = link.stack.pool
      try await link.wait(for: "acknowledgements") { pool.blocksInUseCount == 0 }
      #expect(link.stack.connectionCount == count)
      #expect(pool.committedByteCount == count * Connection.admissionByteCount(link.stack.configuration.tcp))
      #expect(pool.usedByteCount == 0)
      // Every one of them still works.
      for index in 0..<count {
        try await accepted[index].send(10, until: link.deadline)
        try #require(try await opened[index].receive(10, until: link.deadline) == 10)
      }
      listener.close()
      for stream in opened + accepted { stream.close() }
    }
  }
}
