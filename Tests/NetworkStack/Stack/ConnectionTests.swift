import NetworkSimulation
import Platform
import TCP
import Testing
import Wire

@testable import NetworkStack

@Suite struct `Connections of a stack` {
  @Test(arguments: Family.allCases)
  func `carry bytes both ways, end cleanly and leave nothing but TIME-WAIT`(family: Family) throws {
    let pair = StackPair(family: family)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    let client = try pair.left.open(to: pair.endpoint(80))
    #expect(try client.send("early".utf8Span.span.bytes) == 0)
    pair.run()
    let server = try #require(try listener.accept())
    try client.say("question")
    pair.run()
    #expect(try server.hear() == "question")
    try server.say("answer")
    server.finish()
    pair.run()
    #expect(try client.hear() == "answer")
    #expect(try client.hear() == nil)
    client.close()
    server.close()
    pair.run()
    #expect(pair.left.connectionCount == 0)
    #expect(pair.right.connectionCount == 0)
    #expect(pair.right.timeWaitCount == 1)
    #expect(pair.left.timeWaitCount == 0)
    #expect(pair.left.pool.blocksInUseCount == 0)
    pair.run(for: .seconds(61))
    #expect(pair.right.timeWaitCount == 0)
  }

  @Test(arguments: Family.allCases)
  func `are refused where nobody listens`(family: Family) {
    let pair = StackPair(family: family)
    let error = pair.perform { [pair] in
      await failure { () async throws(NetworkError) in
        _ = try await pair.left.connect(to: pair.endpoint(81), until: .never)
      }
    }
    #expect(error == .refused)
    #expect(pair.left.connectionCount == 0)
    #expect(pair.left.pool.committedByteCount == 0)
  }

  @Test func `to a host that is not there are unreachable after three ARP requests`() {
    let pair = StackPair()
    let began = pair.loop.now
    let error = pair.perform { [pair] in
      await failure { () async throws(NetworkError) in
        _ = try await pair.left.connect(to: Endpoint(.v4(0x0a00_0063), port: 80), until: .never)
      }
    }
    #expect(error == .unreachable)
    #expect(pair.loop.now - began < .seconds(4))
    #expect(pair.heardARP.count { $0.target == IPv4Address(10, 0, 0, 99) } == 3)
  }

  @Test func `to where no route leads, to broadcasts and to ourselves are unreachable at once`() {
    let pair = StackPair()
    for address: UInt32 in [0x0b00_0001, 0xffff_ffff, 0x0a00_00ff, 0x0a00_0001, 0x7f00_0001, 0] {
      #expect(throws: NetworkError.unreachable) {
        _ = try pair.left.open(to: Endpoint(.v4(address), port: 80))
      }
    }
  }

  @Test(arguments: Family.allCases)
  func `are given up at the deadline, and their SYNs with them`(family: Family) {
    let pair = StackPair(family: family)
    pair.devices[1].impairments.loss = 1
    let deadline = pair.loop.now + .seconds(2)
    let error = pair.perform { [pair] in
      await failure { () async throws(NetworkError) in
        _ = try await pair.left.connect(to: pair.endpoint(80), until: deadline)
      }
    }
    #expect(error == .timedOut)
    #expect(pair.left.connectionCount == 0)
  }

  @Test(arguments: Family.allCases)
  func `are closed when nobody holds them any more`(family: Family) throws {
    let pair = StackPair(family: family)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    do { _ = try pair.left.open(to: pair.endpoint(80)) }
    pair.run()
    #expect(pair.left.connectionCount == 0)
    var client: StackStream? = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    client = nil
    pair.run()
    #expect(try server.hear() == nil)
    #expect(client == nil)
  }

  @Test(arguments: Family.allCases)
  func `a reset is an error to whoever waits`(family: Family) throws {
    let pair = StackPair(family: family)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    (server as? StackStream)?.abort()
    pair.run()
    #expect(throws: NetworkError.reset) { _ = try client.hear() }
    #expect(throws: NetworkError.reset) { try client.say("?") }
    #expect(pair.left.connectionCount == 0)
    #expect(pair.right.connectionCount == 0)
  }

  @Test(arguments: Family.allCases)
  func `go on when the address stays, and end when it goes`(family: Family) throws {
    let pair = StackPair(family: family)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    _ = try #require(try listener.accept())
    for connection in pair.left.allConnections where connection.interface === pair.leftInterface {
      pair.left.abort(connection)
    }
    #expect(throws: NetworkError.closed) { _ = try client.hear() }
    #expect(pair.left.connectionCount == 0)
  }

  @Test(arguments: Family.allCases)
  func `with Nagle hold a short segment back until the one before is acknowledged`(family: Family) throws {
    let pair = StackPair(family: family)
    let listener = try pair.right.listen(on: pair.anywhere(80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    client.isNagleEnabled = true
    try client.say("one")
    pair.run(for: .milliseconds(1))
    try client.say("two")
    pair.run(for: .milliseconds(1))
    #expect(try server.hear() == "one")
    client.isNagleEnabled = false
    pair.run(for: .milliseconds(1))
    #expect(try server.hear() == "two")
  }

  @Test func `outlive their stack only as errors`() throws {
    var pair: StackPair? = StackPair()
    let listener = try pair!.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair!.left.open(to: pair!.endpoint(80))
    pair!.run()
    pair = nil
    #expect(throws: NetworkError.closed) { _ = try client.send("?".utf8Span.span.bytes) }
    client.close()
    listener.close()
  }
}

/// What `body` fails with.
func failure(_ body: () async throws(NetworkError) -> Void) async -> NetworkError? {
  do throws(NetworkError) {
    try await body()
    return nil
  } catch {
    return error
  }
}
