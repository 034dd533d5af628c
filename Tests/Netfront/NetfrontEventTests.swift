import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Netfront

/// Who is told when: event indices in both directions.
@Suite struct NetfrontEventTests {
  private func start(
    _ backend: NetBackend, receive: Int = 64, transmit: Int = 64
  ) throws -> Netfront {
    var configuration = Netfront.Configuration()
    configuration.receivePageCount = receive
    configuration.transmitPageCount = transmit
    let net = try Netfront(
      hardwareAddress: NetBackend.address, memory: GuardedMemory(), table: backend.table,
      configuration: configuration)
    try backend.connect(net)
    _ = net.armInterrupts()
    return net
  }

  @Test func `the backend is told when it wants to be, and once for many`() throws {
    let backend = NetBackend()
    let net = try start(backend)
    let channel = backend.channels[0]
    net.notify()
    #expect(channel.notifyCount == 1, "nothing was sent")
    backend.send()
    for seed in 0..<10 { #expect(net.send(frameBytes(60, seed: seed))) }
    #expect(channel.notifyCount == 1)
    net.notify()
    #expect(channel.notifyCount == 2)
    // It has not looked yet, so it need not be told of more.
    #expect(net.send(frameBytes(60, seed: 1)))
    net.notify()
    #expect(channel.notifyCount == 2 && backend.send().count == 11)
    #expect(net.send(frameBytes(60, seed: 1)))
    net.notify()
    #expect(channel.notifyCount == 3 && backend.channels[1].notifyCount == 1)
  }

  @Test func `one channel serves both rings where there is no other`() throws {
    let backend = NetBackend(["feature-rx-copy": "1"])
    let net = try start(backend)
    #expect(backend.channels.count == 1 && backend.channels[0].notifyCount == 1)
    backend.send()
    while backend.receive(frameBytes(60, seed: 1)) {}
    backend.receiveRing.wantEvent(at: backend.receiveRing.requestIndex &+ 1)
    #expect(net.frames().count == 64 && net.send(frameBytes(60, seed: 1)))
    net.notify()
    #expect(backend.channels[0].notifyCount == 2)
    #expect(backend.receive(frameBytes(60, seed: 1)) && backend.send().count == 1)
  }

  @Test func `the next frame raises an event once it is asked for, and no other does`() throws {
    let backend = NetBackend()
    let net = try start(backend)
    for round in 1...5 {
      #expect(!net.armInterrupts())
      for seed in 0..<5 { #expect(backend.receive(frameBytes(60, seed: seed))) }
      #expect(backend.receiveRing.eventCount == round)
      #expect(net.frames().count == 5)
      net.notify()
      #expect(backend.receive(frameBytes(60, seed: 7)) && backend.receiveRing.eventCount == round)
      #expect(net.armInterrupts(), "it came before it was asked for")
      #expect(net.frames().count == 1)
      net.notify()
    }
  }

  @Test func `frames that are sent raise no event while there is room`() throws {
    let backend = NetBackend()
    let net = try start(backend)
    // The very first response may: a ring begins like that.
    for seed in 0..<300 {
      #expect(net.send(frameBytes(60, seed: seed)))
      net.notify()
      backend.send()
    }
    #expect(backend.transmitRing.eventCount <= 1)
  }

  @Test func `a frame that found no room is told when half of what is out was sent`() throws {
    let backend = NetBackend()
    let net = try start(backend, transmit: 20)
    while net.send(frameBytes(60, seed: 1)) {}
    let events = backend.transmitRing.eventCount
    #expect(!net.armInterrupts() && backend.transmitRing.waitingCount == 20, "it knows of all of them")
    #expect(backend.send(limit: 9).count == 9 && backend.transmitRing.eventCount == events)
    #expect(!net.armInterrupts())
    #expect(backend.send(limit: 1).count == 1 && backend.transmitRing.eventCount == events + 1)
    #expect(net.armInterrupts() && net.send(frameBytes(60, seed: 1)) && !net.armInterrupts())
  }

  @Test func `a frame that found no room needs nothing else to be told`() throws {
    let backend = NetBackend()
    let net = try start(backend, transmit: 20)
    while net.send(frameBytes(60, seed: 1)) {}
    let events = backend.transmitRing.eventCount
    #expect(backend.send(limit: 9).count == 9 && backend.transmitRing.eventCount == events)
    #expect(backend.send(limit: 1).count == 1 && backend.transmitRing.eventCount == events + 1)
  }

  @Test func `a large frame waits for as many pages as it fills`() throws {
    let backend = NetBackend()
    let net = try start(backend, transmit: 16)
    for seed in 0..<16 { #expect(net.send(frameBytes(60, seed: seed))) }
    let large = frameBytes(65_535, seed: 1)
    #expect(!net.send(large))
    backend.send(limit: 15)
    #expect(net.armInterrupts() && !net.send(large))
    backend.send(limit: 1)
    #expect(net.send(large))
    net.notify()
    #expect(backend.send().map(\.frame) == [large])
  }

  @Test(arguments: 0..<12) func `nobody sleeps while there is work`(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    let backend = NetBackend(seed % 2 == 0 ? NetBackend.everything : ["feature-rx-copy": "1"])
    let net = try start(backend, receive: 32, transmit: numbers.pick([1, 3, 20]))
    let isSplit = backend.channels.count == 2
    var (toSend, toReceive, sent, received) = (400, 400, 0, 0)
    var isPending = true
    var backendAwake = true
    for _ in 0..<20_000 where sent < 400 || received < 400 {
      // Each side runs when it is awake, for a while; an event wakes the other.
      let notified = backend.channels.reduce(0) { $0 + $1.notifyCount }
      if isPending {
        isPending = false
        received += net.frames(limit: numbers.pick(1...9)).count
        while toSend > 0, net.send(frameBytes(60, seed: toSend)) { toSend -= 1 }
        net.notify()
        if net.armInterrupts() { isPending = true }
      }
      if backend.channels.reduce(0, { $0 + $1.notifyCount }) > notified { backendAwake = true }
      if backendAwake {
        let events = backend.receiveRing.eventCount + backend.transmitRing.eventCount
        let limit = numbers.pick(1...9)
        let count = backend.send(limit: limit).count
        sent += count
        var delivered = 0
        while delivered < limit, toReceive > 0, backend.receive(frameBytes(60, seed: toReceive)) {
          toReceive -= 1
          delivered += 1
        }
        if delivered < limit { backend.receiveRing.wantEvent(at: backend.receiveRing.requestIndex &+ 1) }
        backendAwake =
          count == limit || delivered == limit || backend.receiveRing.waitingCount > 0 && toReceive > 0
        if backend.receiveRing.eventCount + backend.transmitRing.eventCount > events { isPending = true }
      }
      if !isPending && !backendAwake { break }
    }
    #expect(sent == 400 && received == 400, "seed \(seed), split \(isSplit)")
    #expect(backend.faults.isEmpty && net.failure == nil)
  }
}
