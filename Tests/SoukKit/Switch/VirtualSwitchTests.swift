import Bytes
import EventLoop
import Glibc
import Machine
import MachineTesting
import NetworkStack
import Platform
import Testing
import Wire

@testable import SoukKit

/// A switch with two machines. Each machine is a stack of ours behind another switch that has one port only.
private final class Town {
  static let hostAddress = EthernetAddress(2, 0, 0, 0, 0, 0xff)

  let machine: TestMachine
  let host: NetworkStack
  let hub: VirtualSwitch
  /// The machines' ends of their cables, to be plugged in; nil while a machine is off.
  private var plugs: [Int32?] = [nil, nil]
  private(set) var ports: [StreamPort] = []

  init(_ machine: TestMachine, _ limits: StreamPort.Limits = .init()) {
    self.machine = machine
    host = NetworkStack(loop: machine.loop, entropy: machine.entropy)
    var ports: [StreamPort] = []
    var take: (Int) -> Int32? = { _ in nil }
    for number in 0..<2 {
      let kernel = machine.network as! KernelNetwork
      ports.append(
        StreamPort("m\(number)", loop: machine.loop, log: machine.log, limits: limits) {
          () throws(NetworkError) in
          guard let descriptor = take(number) else { throw .refused }
          return kernel.stream(adopting: descriptor)
        })
    }
    self.ports = ports
    hub = VirtualSwitch(
      machines: ports.enumerated().map { ($0.element, .init(hardware: Self.address($0.offset))) },
      hardware: Self.hostAddress, loop: machine.loop)
    take = { [unowned self] number in
      defer { plugs[number] = nil }
      return plugs[number]
    }
    hub.start(host, addressing: Self.addressing(1))
  }

  static func address(_ number: Int) -> EthernetAddress { EthernetAddress(2, 0, 0, 0, 0, UInt8(number)) }
  static func endpoint(_ number: Int) -> Endpoint { Endpoint(.v4(0x0a53_000b + UInt32(number)), port: 80) }

  private static func addressing(_ last: UInt32) -> Addressing {
    let address = IPv4Address(rawValue: 0x0a53_0000 + last)
    return .fixed(address: address, network: IPv4Network(address, prefixLength: 24), gateway: nil)
  }

  var soon: Instant { machine.loop.now + .seconds(10) }

  /// Switches the machine `number` on. Whoever holds what comes back keeps it running.
  func boot(_ number: Int, as hardware: EthernetAddress? = nil) -> (
    stack: NetworkStack, cable: VirtualSwitch, off: () -> Void
  ) {
    var ends: [Int32] = [0, 0]
    precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    plugs[number] = ends[0]
    var other: Int32? = ends[1]
    let kernel = machine.network as! KernelNetwork
    let port = StreamPort("cable", loop: machine.loop, log: machine.log) { () throws(NetworkError) in
      guard let descriptor = other else { throw .refused }
      other = nil
      return kernel.stream(adopting: descriptor)
    }
    let stack = NetworkStack(loop: machine.loop, entropy: machine.entropy)
    let cable = VirtualSwitch(
      machines: [(port, nil)], hardware: hardware ?? Self.address(number), loop: machine.loop)
    cable.start(stack, addressing: Self.addressing(11 + UInt32(number)))
    return (stack, cable, { cable.stop() })
  }

  /// Answers each connection with its number and the bytes that it sent.
  func serve(_ stack: NetworkStack) {
    let listener = try! stack.listen(on: Endpoint(.any, port: 80))
    machine.loop.spawn { [machine] in
      while true {
        do throws(NetworkError) {
          guard let stream = try listener.accept() else {
            try await listener.waitAcceptable()
            continue
          }
          machine.loop.spawn { await Self.echo(stream) }
        } catch { return }
      }
    }
  }

  private static func echo(_ stream: any ByteStream) async {
    var buffer = ByteBuffer()
    do throws(NetworkError) {
      while true {
        let outcome = try buffer.withFreeRoom(atLeast: 4096) { (room) throws(NetworkError) in
          try stream.receive(into: &room)
        }
        if outcome == .end { return stream.finish() }
        if outcome == .nothingYet { try await stream.waitReadable(until: .never) }
        while !buffer.isEmpty {
          buffer.consume(try stream.send(buffer.bytes))
          if !buffer.isEmpty { try await stream.waitWritable(until: .never) }
        }
      }
    } catch {}
  }

  /// Sends `bytes` from `stack` to the machine `number` and returns what comes back.
  func exchange(_ bytes: [UInt8], from stack: NetworkStack, with number: Int) async throws(NetworkError)
    -> [UInt8]
  {
    let stream = try await stack.connect(to: Self.endpoint(number), until: soon)
    let deadline = soon
    machine.loop.spawn {
      var offset = 0
      while offset < bytes.count {
        guard let count = try? stream.send(bytes.span.bytes.extracting(offset..<bytes.count)) else { return }
        offset += count
        if count == 0, (try? await stream.waitWritable(until: deadline)) == nil { return }
      }
      stream.finish()
    }
    var answer = ByteBuffer()
    while true {
      let outcome = try answer.withFreeRoom(atLeast: 4096) { (room) throws(NetworkError) in
        try stream.receive(into: &room)
      }
      if outcome == .end { return answer.array() }
      if outcome == .nothingYet { try await stream.waitReadable(until: deadline) }
    }
  }
}

@Suite struct VirtualSwitchTests {
  @Test func `this side and two machines talk to each other, more than any queue holds`() {
    let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let (first, second, between) = withLoop { machine in
      let town = Town(machine)
      let (one, two) = (town.boot(0), town.boot(1))
      town.serve(one.stack)
      town.serve(two.stack)
      let first = try? await town.exchange(sent, from: town.host, with: 0)
      let second = try? await town.exchange([1, 2, 3], from: town.host, with: 1)
      let between = try? await town.exchange(sent, from: one.stack, with: 1)
      one.off()
      two.off()
      town.hub.stop()
      return (first, second, between)
    }
    #expect(first == sent)
    #expect(second == [1, 2, 3])
    #expect(between == sent)
  }

  @Test func `what is sent to a machine that is not there yet waits for it`() {
    let answer = withLoop { machine in
      let town = Town(machine)
      var running: (stack: NetworkStack, cable: VirtualSwitch, off: () -> Void)?
      machine.loop.spawn {
        await machine.loop.sleep(for: .milliseconds(30))
        let booted = town.boot(0)
        town.serve(booted.stack)
        running = booted
      }
      let began = machine.loop.now
      let answer = try? await town.exchange([4, 2], from: town.host, with: 0)
      // Sooner than the first repetition of an ARP request or a SYN: it was the first one that got there.
      let took = machine.loop.now - began
      running?.off()
      town.hub.stop()
      return (answer, took)
    }
    #expect(answer.0 == [4, 2])
    #expect(answer.1 < .milliseconds(900))
  }

  @Test func `a machine that comes back is talked to again`() {
    let answers = withLoop { machine in
      let town = Town(machine)
      var answers: [[UInt8]?] = []
      for round in 0..<3 as Range<UInt8> {
        let booted = town.boot(0)
        town.serve(booted.stack)
        answers.append(try? await town.exchange([round], from: town.host, with: 0))
        booted.off()
        while town.ports[0].isConnected { await machine.loop.sleep(for: .milliseconds(1)) }
      }
      town.hub.stop()
      return answers
    }
    #expect(answers == [[0], [1], [2]])
  }

  @Test func `a machine that uses another's address is not heard`() {
    let (answer, dropped) = withLoop { machine in
      let town = Town(machine)
      let impostor = town.boot(1, as: Town.address(0))
      town.serve(impostor.stack)
      let stream = try? await town.host.connect(
        to: Town.endpoint(1), until: machine.loop.now + .milliseconds(100))
      impostor.off()
      town.hub.stop()
      return (stream == nil, town.hub.droppedCount)
    }
    #expect(answer)
    #expect(dropped > 0)
  }

  @Test func `a machine that does not read loses frames, and holds nobody up`() {
    let (answer, dropped) = withLoop { machine in
      let town = Town(machine, .init(queuedByteCount: 20_000, heldByteCount: 20_000))
      let one = town.boot(0)
      town.serve(one.stack)
      for _ in 0..<30 { town.ports[1].append([UInt8](repeating: 1, count: 1514).span.bytes) }
      let answer = try? await town.exchange([1], from: town.host, with: 0)
      one.off()
      town.hub.stop()
      return (answer, town.ports[1].droppedCount)
    }
    #expect(answer == [1])
    #expect(dropped == 17)
  }
}
