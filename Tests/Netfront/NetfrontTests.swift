import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Netfront

@Suite struct NetfrontTests {
  private func start(
    _ backend: NetBackend, receive: Int = 64, transmit: Int = 64, mtu: Int? = nil, firstIndex: UInt32 = 0,
    memory: GuardedMemory = GuardedMemory()
  ) throws -> Netfront {
    var configuration = Netfront.Configuration()
    configuration.receivePageCount = receive
    configuration.transmitPageCount = transmit
    configuration.maximumTransmissionUnit = mtu
    let net = try Netfront(
      hardwareAddress: NetBackend.address, memory: memory, table: backend.table,
      configuration: configuration, firstIndex: firstIndex)
    try backend.connect(net)
    return net
  }

  @Test func `a backend that offers everything is used with everything`() throws {
    let backend = NetBackend(NetBackend.everything.merging(["mtu": "9000"]) { $1 })
    let net = try start(backend)
    #expect(net.hardwareAddress == NetBackend.address && net.maximumTransmissionUnit == 9000)
    #expect(
      net.offload == [
        .transmitChecksum, .transmitSegmentation, .transmitChecksum6, .transmitSegmentation6,
        .receiveChecksum,
        .receiveLarge,
      ])
    #expect(net.maximumLargePacketByteCount == 65_517)
    #expect(backend.channels.count == 2 && backend.table.grantedCount == 130)
    #expect(backend.channels.allSatisfy { $0.notifyCount == 1 }, "whatever came before it was there")
    #expect(backend.entries["event-channel-tx"] == "5" && backend.entries["event-channel-rx"] == "6")
    #expect(backend.entries["request-rx-copy"] == "1" && backend.entries["feature-rx-notify"] == "1")
    #expect(backend.entries["feature-no-csum-offload"] == "0")
    for key in ["feature-sg", "feature-gso-tcpv4", "feature-gso-tcpv6", "feature-ipv6-csum-offload"] {
      #expect(backend.entries[key] == "1", "\(key)")
    }
    #expect(backend.entries["request-multicast-control"] == "1" && backend.entries["event-channel"] == nil)
    #expect(backend.receiveRing.waitingCount == 64 && !net.waitsForBackend && backend.faults.isEmpty)
  }

  @Test func `a backend that only copies sends and receives`() throws {
    let backend = NetBackend(["feature-rx-copy": "1", "feature-no-csum-offload": "1"])
    let net = try start(backend, receive: 4, transmit: 1)
    #expect(net.offload == .receiveChecksum && net.maximumTransmissionUnit == 1500)
    #expect(net.maximumLargePacketByteCount == 1500 && backend.entries["event-channel"] == "5")
    #expect(backend.entries["feature-sg"] == "0" && backend.entries["feature-gso-tcpv4"] == "0")
    for seed in 0..<20 {
      #expect(net.send(frameBytes(1514, seed: seed)))
      net.notify()
      #expect(backend.send().map(\.frame) == [frameBytes(1514, seed: seed)])
      #expect(backend.receive(frameBytes(60, seed: seed)))
      #expect(net.frames() == [frameBytes(60, seed: seed)])
      net.notify()
    }
    #expect(backend.faults.isEmpty && net.failure == nil)
  }

  @Test func `frames of every length go out as they are, in one piece or three`() throws {
    let memory = GuardedMemory()
    let backend = NetBackend()
    let net = try start(backend, memory: memory)
    for byteCount in [14, 54, 1514, 4095, 4096, 4097, 8192, 8193, 30_000, 65_535] {
      let frame = frameBytes(byteCount, seed: byteCount)
      let cut = byteCount > 54 ? 54 : 10
      let middle = cut + (byteCount - cut) / 3
      #expect(net.send(Array(frame[..<cut]), Array(frame[cut..<middle]), Array(frame[middle...])))
      net.notify()
      let sent = backend.send()
      #expect(sent.count == 1 && sent[0].frame == frame && !sent[0].isBlank, "\(byteCount) bytes")
    }
    #expect(memory.isWhole && backend.faults.isEmpty)
  }

  @Test func `a frame to be finished and cut says so`() throws {
    let backend = NetBackend()
    let net = try start(backend)
    #expect(net.send(frameBytes(54, seed: 1), checksum: (34, 16)))
    var header = frameBytes(66, seed: 2)
    header[12] = 8
    #expect(net.send(header, frameBytes(20_000, seed: 3), checksum: (34, 16), segmentByteCount: 1448))
    header[12] = 0x86
    #expect(net.send(header, frameBytes(2000, seed: 3), checksum: (54, 16), segmentByteCount: 1428))
    net.notify()
    let sent = backend.send()
    #expect(sent.map(\.isBlank) == [true, true, true])
    #expect(sent.map(\.segment) == [[], [1, 1448], [2, 1428]])
    #expect(sent[2].frame == header + frameBytes(2000, seed: 3) && sent[1].identifiers.count == 5)
    for _ in 0..<100 {
      #expect(net.send(header, frameBytes(5000, seed: 3), checksum: (34, 16), segmentByteCount: 1448))
      net.notify()
      backend.send()
    }
    #expect(backend.faults.isEmpty && net.failure == nil)
  }

  @Test func `frames of one page and of many are received in order, in one piece`() throws {
    let memory = GuardedMemory()
    let backend = NetBackend()
    let net = try start(backend, memory: memory)
    for round in 0..<10 {
      let frames = [14, 60, 1514, 4096, 4097, 20_000, 65_553].map { frameBytes($0, seed: $0 + round) }
      for frame in frames {
        #expect(backend.receive(frame, segmentByteCount: frame.count > 1514 ? 1448 : nil))
      }
      #expect(net.frames() == frames)
      net.notify()
    }
    #expect(memory.isWhole && backend.faults.isEmpty && net.droppedReceiveCount == 0)
    #expect(backend.receiveRing.waitingCount == 64)
  }

  @Test(arguments: [(0, false), (xen_netrxf_csum_blank, true), (xen_netrxf_data_validated, true)])
  func `a checksum is trusted when the backend says so`(flags: Int, isTrusted: Bool) throws {
    let backend = NetBackend()
    let net = try start(backend)
    #expect(backend.receive(frameBytes(60, seed: 1), flags: flags))
    var trusted: [Bool] = []
    _ = net.receive(limit: 1) { trusted.append($0.checksumIsTrusted) }
    #expect(trusted == [isTrusted])
  }

  @Test func `frames that are too short, too long or broken are dropped and counted`() throws {
    let backend = NetBackend(["feature-rx-copy": "1"])
    let net = try start(backend, receive: 16)
    for byteCount in [0, 13, 1519, 14, 1518] { #expect(backend.receive(frameBytes(byteCount, seed: 1))) }
    for status in [-1, -2] {
      let request = try #require(backend.receiveRing.takeRequest()).load(as: netif_rx_request.self)
      backend.deliver(request.id, offset: 0, flags: 0, status: status)
    }
    backend.receiveRing.push()
    #expect(net.frames().map(\.count) == [14, 1518])
    net.notify()
    #expect(net.droppedReceiveCount == 5 && net.failure == nil && backend.receiveRing.waitingCount == 16)
  }

  @Test func `no more frames than the limit are delivered`() throws {
    let backend = NetBackend()
    let net = try start(backend)
    for seed in 0..<5 { #expect(backend.receive(frameBytes(60, seed: seed))) }
    #expect(net.frames(limit: 3).count == 3 && net.armInterrupts())
    #expect(net.frames(limit: 3).count == 2 && net.frames(limit: 3).isEmpty)
  }

  @Test(arguments: [0, UInt32.max - 100, UInt32.max - 2])
  func `frames move on where the indices wrap`(firstIndex: UInt32) throws {
    let memory = GuardedMemory()
    let backend = NetBackend()
    let net = try start(backend, firstIndex: firstIndex, memory: memory)
    for round in 0..<150 {
      let large = frameBytes(5000, seed: round)
      #expect(net.send(frameBytes(60, seed: round)))
      #expect(net.send(large, checksum: (34, 16), segmentByteCount: 1448))
      #expect(backend.receive(frameBytes(100, seed: round)))
      #expect(backend.receive(large, segmentByteCount: 1448))
      net.notify()
      #expect(backend.send().map(\.frame) == [frameBytes(60, seed: round), large])
      #expect(net.frames() == [frameBytes(100, seed: round), large])
      net.notify()
    }
    #expect(memory.isWhole && backend.faults.isEmpty && net.failure == nil)
  }

  @Test func `answers in any order give the pages back`() throws {
    var numbers = SeededNumbers(seed: 3)
    let backend = NetBackend()
    let net = try start(backend, transmit: 20)
    var held: [NetBackend.Sent] = []
    for round in 0..<200 {
      let frame = frameBytes(numbers.pick(14...10_000), seed: round)
      while !net.send(frame) {
        let sent = held.remove(at: numbers.pick(0...held.count - 1))
        backend.answer(sent)
        backend.transmitRing.push()
      }
      net.notify()
      let sent = try #require(backend.take())
      #expect(sent.frame == frame)
      held.append(sent)
    }
    #expect(backend.faults.isEmpty && net.failure == nil)
  }
}
