import NetworkSimulation
import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A stack that goes, and what others hold of it` {
  /// A third stack on the wire of `pair`, and its interface.
  private func third(on pair: StackPair) -> (NetworkStack, Interface) {
    let stack = NetworkStack(loop: pair.loop, entropy: SeededEntropy(seed: 3))
    let device = pair.wire.attach(hardwareAddress: 0x0200_0000_0003, options: .init())
    let interface = stack.attach(device, addressing: StackPair.fixed(IPv4Address(10, 0, 0, 3)))
    device.whenReady = { _ = interface.poll() }
    return (stack, interface)
  }

  @Test func `who waits for a connection hears that it is closed, and so does its peer`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    var stack: NetworkStack? = third(on: pair).0
    let client = try #require(stack).open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    var heard: NetworkError?
    pair.loop.spawn {
      do throws(NetworkError) {
        try await client.waitReadable(until: .never)
        _ = try client.hear()
      } catch {
        heard = error
      }
    }
    pair.run()
    #expect(heard == nil)
    stack = nil
    pair.run()
    #expect(heard == .closed)
    #expect(throws: NetworkError.reset) { _ = try server.hear() }
  }

  @Test func `an interface whose stack is gone does nothing, its timers neither`() throws {
    let pair = StackPair()
    var parts: (NetworkStack, Interface)? = third(on: pair)
    let interface = try #require(parts).1
    // A question that nobody answers keeps a timer.
    let lost = try #require(parts).0.open(to: Endpoint(IPAddress(IPv4Address(10, 0, 0, 77)), port: 80))
    parts = nil
    pair.run(for: .seconds(10))
    #expect(!interface.poll())
    interface.release()
    #expect(throws: NetworkError.closed) { _ = try lost.hear() }
  }

  @Test func `an address that becomes another one ends the connections of the first`() throws {
    let pair = StackPair()
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    pair.rightInterface.configure(IPv4Address(10, 0, 0, 5), StackPair.network, gateway: nil)
    #expect(pair.right.connectionCount == 0)
    #expect(throws: NetworkError.closed) { _ = try server.hear() }
    client.abort()
  }

  @Test func `a connection with more to send than its turn allows keeps the loop awake`() throws {
    var options = SimulatedDeviceOptions()
    options.maximumTransmissionUnit = 128
    options.transmitLimit = 4_096
    options.receiveLimit = 4_096
    let pair = StackPair(options: options)
    let listener = try pair.right.listen(on: Endpoint(.any, port: 80))
    let client = try pair.left.open(to: pair.endpoint(80))
    pair.run()
    let server = try #require(try listener.accept())
    let chunk = [UInt8](repeating: 1, count: 32 << 10)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { memory.deallocate() }
    for _ in 0..<100 {
      _ = try client.send(chunk.span.bytes)
      pair.run(for: .milliseconds(5))
      var room = OutputRawSpan(buffer: memory, initializedCount: 0)
      _ = try server.receive(into: &room)
    }
    #expect(try client.send(chunk.span.bytes) == chunk.count)
    let sent = pair.left.tcpCounters.segmentsSent
    #expect(pair.left.turnEnds())
    #expect(pair.left.tcpCounters.segmentsSent - sent == UInt64(NetworkStack.maximumSegmentsAtOnce))
    #expect(!pair.left.turnEnds())
  }
}
