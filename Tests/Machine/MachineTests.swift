import Bytes
import EventLoop
import Glibc
import Machine
import MachineTesting
import Platform
import Testing

struct MachineTests {
  @Test func `every job of every task runs on the one loop thread`() {
    var threads: Set<UInt> = []
    withLoop { machine in
      for _ in 0..<100 {
        machine.loop.spawn {
          for _ in 0..<50 {
            threads.insert(UInt(pthread_self()))
            await Task.yield()
          }
        }
      }
      for _ in 0..<60 { await Task.yield() }
      threads.insert(UInt(pthread_self()))
    }
    #expect(threads == [UInt(pthread_self())])
  }

  @Test func `a continuation resumed by the worker comes back on the loop thread`() {
    let (workerThread, loopThread) = withLoop { machine in
      let worker = await withUnsafeContinuation { continuation in
        machine.worker.submit { continuation.resume(returning: UInt(pthread_self())) }
      }
      return (worker, UInt(pthread_self()))
    }
    #expect(loopThread == UInt(pthread_self()))
    #expect(workerThread != loopThread)
  }

  @Test func `the worker runs jobs in the order they were submitted`() {
    let order = withLoop { machine in
      // Only the worker's one thread writes it before the last job ends.
      nonisolated(unsafe) var order: [Int] = []
      for index in 0..<100 { machine.worker.submit { order.append(index) } }
      await withUnsafeContinuation { continuation in machine.worker.submit { continuation.resume() } }
      return order
    }
    #expect(order == Array(0..<100))
  }

  @Test func `sleeping tasks wake in the order of their deadlines`() {
    var order: [Int] = []
    withLoop { machine in
      let all = Signal()
      for milliseconds in [9, 3, 6] {
        machine.loop.spawn {
          await machine.loop.sleep(for: .milliseconds(milliseconds))
          order.append(milliseconds)
          if order.count == 3 { all.notify() }
        }
      }
      await all.wait()
    }
    #expect(order == [3, 6, 9])
  }

  @Test(arguments: [IPAddress.loopback, .v6(0, 1)])
  func `who listens on every address is reached by both families`(address: IPAddress) throws {
    let (opened, accepted) = withLoop { machine in
      let listener = try! machine.network.listen(on: Endpoint(.v6(0, 0), port: 0))
      let stream = try! await machine.network.connect(
        to: Endpoint(address, port: listener.endpoint.port), until: .never)
      var accepted: (any ByteStream)?
      while accepted == nil {
        accepted = try! listener.accept()
        if accepted == nil { try! await listener.waitAcceptable() }
      }
      let peers = (stream.peer.address, accepted!.peer.address)
      stream.close()
      accepted!.close()
      listener.close()
      return peers
    }
    #expect(opened == address && accepted == address)
  }

  @Test func `bytes cross a connection both ways and its end is seen`() throws {
    let (echoed, end) = withLoop { machine in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      machine.loop.spawn { await echo(listener) }
      let stream = try! await machine.network.connect(to: listener.endpoint, until: .never)
      let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
      var received = ByteBuffer()
      var offset = 0
      while received.count < sent.count {
        if offset < sent.count { offset += try! stream.send(sent.span.bytes.extracting(offset..<sent.count)) }
        let outcome = received.withFreeRoom(atLeast: 4096) { room in try! stream.receive(into: &room) }
        if outcome == .nothingYet { try! await stream.waitReadable(until: .never) }
      }
      stream.finish()
      var end: Received = .nothingYet
      while end == .nothingYet {
        try! await stream.waitReadable(until: .never)
        end = received.withFreeRoom(atLeast: 1) { room in try! stream.receive(into: &room) }
      }
      return (received.array() == sent, end)
    }
    #expect(echoed)
    #expect(end == .end)
  }

  @Test func `bytes and end that arrive together are both seen`() {
    let outcomes = withLoop { machine in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      let client = try! await machine.network.connect(to: listener.endpoint, until: .never)
      _ = try! client.send(([1, 2, 3] as [UInt8]).span.bytes)
      client.finish()
      try! await listener.waitAcceptable()
      let server = try! listener.accept()!
      var outcomes: [Received] = []
      var buffer = ByteBuffer()
      while outcomes.last != .end {
        try! await server.waitReadable(until: machine.loop.now + .seconds(5))
        let outcome = buffer.withFreeRoom(atLeast: 100) { room in try! server.receive(into: &room) }
        if outcome != .nothingYet { outcomes.append(outcome) }
      }
      return outcomes
    }
    #expect(outcomes == [.bytes(3), .end])
  }

  @Test func `a wait ends at its deadline`() {
    let error = withLoop { machine -> NetworkError? in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      let stream = try! await machine.network.connect(to: listener.endpoint, until: .never)
      var buffer = ByteBuffer()
      _ = buffer.withFreeRoom(atLeast: 1) { room in try! stream.receive(into: &room) }
      do throws(NetworkError) {
        try await stream.waitReadable(until: machine.loop.now + .milliseconds(5))
        return nil
      } catch { return error }
    }
    #expect(error == .timedOut)
  }

  @Test func `closing a stream wakes who waits on it`() {
    let error = withLoop { machine -> NetworkError? in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      let stream = try! await machine.network.connect(to: listener.endpoint, until: .never)
      var buffer = ByteBuffer()
      _ = buffer.withFreeRoom(atLeast: 1) { room in try! stream.receive(into: &room) }
      machine.loop.spawn { stream.close() }
      do throws(NetworkError) {
        try await stream.waitReadable(until: .never)
        return nil
      } catch { return error }
    }
    #expect(error == .closed)
  }

  @Test func `a refused connection and a taken port are told apart`() {
    let (refused, taken) = withLoop { machine -> (NetworkError?, NetworkError?) in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      let endpoint = listener.endpoint
      var taken: NetworkError?
      do throws(NetworkError) { _ = try machine.network.listen(on: endpoint) } catch { taken = error }
      listener.close()
      do throws(NetworkError) {
        _ = try await machine.network.connect(to: endpoint, until: .never)
        return (nil, taken)
      } catch { return (error, taken) }
    }
    #expect(refused == .refused)
    #expect(taken == .addressInUse)
  }

  @Test func `a stream that nobody holds closes itself`() {
    let end = withLoop { machine -> Received in
      let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
      let client = try! await machine.network.connect(to: listener.endpoint, until: .never)
      try! await listener.waitAcceptable()
      _ = try! listener.accept()
      var buffer = ByteBuffer()
      while true {
        let outcome = buffer.withFreeRoom(atLeast: 1) { room in try! client.receive(into: &room) }
        if outcome != .nothingYet { return outcome }
        try! await client.waitReadable(until: machine.loop.now + .seconds(5))
      }
    }
    #expect(end == .end)
  }

  @Test(arguments: ["a", "=b", "a=1\na=2"]) func `settings that mean nothing or two things are refused`(
    text: String
  ) {
    let directory = withLoop { $0 }
    let path = directory.temporaryDirectory() + "/settings"
    let file = fopen(path, "w")!
    fputs(text, file)
    fclose(file)
    #expect(throws: SettingsError.self) { _ = try Settings(file: path) }
  }

  @Test func `settings are read whole, values may hold equals signs`() throws {
    let machine = withLoop { $0 }
    let path = machine.temporaryDirectory() + "/settings"
    let file = fopen(path, "w")!
    fputs("a=1\n\nb=x=y\n", file)
    fclose(file)
    let settings = try Settings(file: path)
    #expect(settings["a"] == "1" && settings["b"] == "x=y" && settings.all.count == 2)
  }
}

/// Sends back what comes until the peer finishes.
private func echo(_ listener: any Listener) async {
  do throws(NetworkError) {
    try await listener.waitAcceptable()
    guard let stream = try listener.accept() else { return }
    var buffer = ByteBuffer()
    while true {
      let outcome = try buffer.withFreeRoom(atLeast: 4096) { (room) throws(NetworkError) in
        try stream.receive(into: &room)
      }
      if outcome == .end { break }
      while !buffer.isEmpty {
        let count = try stream.send(buffer.bytes)
        buffer.consume(count)
        if count == 0 { try await stream.waitWritable(until: .never) }
      }
      if outcome == .nothingYet { try await stream.waitReadable(until: .never) }
    }
    stream.close()
  } catch { Issue.record("echo: \(error)") }
}
