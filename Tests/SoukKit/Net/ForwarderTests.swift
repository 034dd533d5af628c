import Bytes
import EventLoop
import Machine
import MachineTesting
import Platform
import Testing

@testable import SoukKit

/// A forwarder between a client and a service on the loopback interface.
private struct Stage {
  let machine: TestMachine
  let service: any Listener
  let forwarder: Forwarder
  let door: Endpoint

  init(_ machine: TestMachine, _ limits: Forwarder.Limits = .init()) {
    self.machine = machine
    service = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    door = listener.endpoint
    let forwarder = Forwarder(
      "catalog", from: listener, to: service.endpoint, network: machine.network as! KernelNetwork,
      loop: machine.loop, log: machine.log, limits: limits)
    self.forwarder = forwarder
    machine.loop.spawn { await forwarder.serve() }
  }

  var soon: Instant { machine.loop.now + .seconds(10) }

  func client() async -> any ByteStream { try! await machine.network.connect(to: door, until: soon) }

  func accepted(on listener: (any Listener)? = nil) async -> any ByteStream {
    let listener = listener ?? service
    while true {
      if let stream = try! listener.accept() { return stream }
      try! await listener.waitAcceptable()
    }
  }

  /// A client's connection, and its other end in the service.
  func pair() async -> (client: any ByteStream, service: any ByteStream) {
    let client = await client()
    return (client, await accepted())
  }

  /// Sends all of `bytes`.
  func send(_ bytes: [UInt8], on stream: any ByteStream) async throws(NetworkError) {
    var offset = 0
    while offset < bytes.count {
      offset += try stream.send(bytes.span.bytes.extracting(offset..<bytes.count))
      if offset < bytes.count { try await stream.waitWritable(until: soon) }
    }
  }

  /// Receives until `count` bytes are there, or the end.
  func receive(_ count: Int = .max, from stream: any ByteStream) async throws(NetworkError) -> [UInt8] {
    var buffer = ByteBuffer()
    while buffer.count < count {
      let outcome = try buffer.withFreeRoom(atLeast: 4096) { (room) throws(NetworkError) in
        try stream.receive(into: &room)
      }
      if outcome == .end { break }
      if outcome == .nothingYet { try await stream.waitReadable(until: soon) }
    }
    return buffer.array()
  }

  /// What receiving ends with.
  func failure(of stream: any ByteStream) async -> NetworkError? {
    do throws(NetworkError) {
      _ = try await receive(from: stream)
      return nil
    } catch { return error }
  }

  /// Turns the loop until `isDone`.
  func wait(_ isDone: () -> Bool) async {
    let deadline = soon
    while !isDone(), machine.loop.now < deadline { await machine.loop.sleep(for: .milliseconds(1)) }
  }
}

@Suite struct ForwarderTests {
  private func withStage<T>(_ limits: Forwarder.Limits = .init(), _ body: @escaping (Stage) async -> T) -> T {
    withLoop { machine in await body(Stage(machine, limits)) }
  }

  @Test func `bytes cross both ways, more than any buffer holds`() {
    let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let (requests, answers) = withStage { stage in
      let (client, service) = await stage.pair()
      let both = Signal()
      var requests: [UInt8] = []
      stage.machine.loop.spawn {
        try! await stage.send(sent, on: client)
        client.finish()
      }
      stage.machine.loop.spawn {
        try! await stage.send(sent.reversed(), on: service)
        service.finish()
      }
      stage.machine.loop.spawn {
        requests = try! await stage.receive(from: service)
        both.notify()
      }
      let answers = try! await stage.receive(from: client)
      await both.wait()
      return (requests, answers)
    }
    #expect(requests == sent)
    #expect(answers == sent.reversed())
  }

  @Test func `a side that has finished still receives`() {
    let (request, answer, count) = withStage { stage in
      let (client, service) = await stage.pair()
      try! await stage.send([1, 2, 3], on: client)
      client.finish()
      let request = try! await stage.receive(from: service)
      try! await stage.send([4, 5], on: service)
      service.finish()
      let answer = try! await stage.receive(from: client)
      await stage.wait { stage.forwarder.connectionCount == 0 }
      return (request, answer, stage.forwarder.connectionCount)
    }
    #expect(request == [1, 2, 3])
    #expect(answer == [4, 5])
    #expect(count == 0)
  }

  @Test func `a reset on one side is a reset on the other`() {
    let (seenByService, seenByClient, count) = withStage { stage in
      let network = stage.machine.network as! KernelNetwork
      let (client, service) = await stage.pair()
      network.reset(client)
      let seenByService = await stage.failure(of: service)
      let (other, otherService) = await stage.pair()
      network.reset(otherService)
      let seenByClient = await stage.failure(of: other)
      await stage.wait { stage.forwarder.connectionCount == 0 }
      return (seenByService, seenByClient, stage.forwarder.connectionCount)
    }
    #expect(seenByService == .reset)
    #expect(seenByClient == .reset)
    #expect(count == 0)
  }

  @Test func `who does not read holds up who sends, and nothing else`() {
    let (taken, rest) = withStage { stage in
      let (client, service) = await stage.pair()
      // Until nothing moves any more: the buffers of four sockets and the relay's own.
      let chunk = [UInt8](repeating: 7, count: 65_536)
      var taken = 0
      while true {
        let count = try! client.send(chunk.span.bytes)
        taken += count
        if count > 0 { continue }
        do throws(NetworkError) {
          try await client.waitWritable(until: stage.machine.loop.now + .milliseconds(200))
        } catch { break }
      }
      let (neighbour, neighbourService) = await stage.pair()
      try! await stage.send([1], on: neighbour)
      #expect(try! await stage.receive(1, from: neighbourService) == [1])
      client.finish()
      return (taken, try! await stage.receive(from: service).count)
    }
    #expect(rest == taken)
  }

  @Test func `a service that is not there yet is waited for`() {
    let answer = withLoop { machine in
      let stage = Stage(machine)
      let place = stage.service.endpoint
      stage.service.close()
      let client = await stage.client()
      await stage.wait { stage.forwarder.connectionCount == 1 }
      let service = try! machine.network.listen(on: place)
      let stream = await stage.accepted(on: service)
      try! await stage.send([9], on: stream)
      return try! await stage.receive(1, from: client)
    }
    #expect(answer == [9])
  }

  @Test func `a service that does not come back is a reset`() {
    let (error, log) = withStage(.init(connectPatience: .milliseconds(50))) { stage in
      stage.service.close()
      let error = await stage.failure(of: await stage.client())
      return (error, stage.machine.console.text)
    }
    #expect(error == .reset)
    #expect(log.contains("service=catalog"))
  }

  @Test func `at the limit a connection waits for another's end`() {
    let (atLimit, answer) = withStage(.init(maximumConnections: 2)) { stage in
      let (first, firstService) = await stage.pair()
      _ = await stage.pair()
      let third = await stage.client()
      try! await stage.send([3], on: third)
      for _ in 0..<20 { await stage.machine.loop.sleep(for: .milliseconds(1)) }
      let atLimit = stage.forwarder.connectionCount
      first.close()
      _ = try! await stage.receive(from: firstService)
      firstService.close()
      let answer = try! await stage.receive(1, from: await stage.accepted())
      return (atLimit, answer)
    }
    #expect(atLimit == 2)
    #expect(answer == [3])
  }

  @Test func `a drain waits for answers, not for clients that stay`() {
    let (early, answer, refused) = withStage { stage in
      let (client, service) = await stage.pair()
      let drained = Signal()
      var isDrained = false
      stage.forwarder.stopAccepting()
      stage.machine.loop.spawn {
        await stage.forwarder.drain(until: stage.soon)
        isDrained = true
        drained.notify()
      }
      try! await stage.send([1], on: service)
      let answer = try! await stage.receive(1, from: client)
      let early = isDrained
      service.finish()
      await drained.wait()
      var refused = false
      do throws(NetworkError) {
        _ = try await stage.machine.network.connect(to: stage.door, until: stage.soon)
      } catch { refused = error == .refused }
      return (early, answer, refused)
    }
    #expect(!early)
    #expect(answer == [1])
    #expect(refused)
  }

  @Test func `a drain ends at its deadline`() {
    let count = withStage { stage in
      let (client, service) = await stage.pair()
      await stage.forwarder.drain(until: stage.machine.loop.now + .milliseconds(20))
      let count = stage.forwarder.unansweredCount
      client.close()
      service.close()
      return count
    }
    #expect(count == 1)
  }
}
