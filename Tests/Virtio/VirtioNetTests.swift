import DeviceTesting
import Platform
import Testing
import Virtio

@Suite struct VirtioNetTests {
  private static func configuration(_ receive: Int, _ transmit: Int) -> VirtioNet.Configuration {
    var configuration = VirtioNet.Configuration()
    configuration.receiveBufferCount = receive
    configuration.transmitSlotCount = transmit
    return configuration
  }

  private func start(
    _ model: NetModel, receive: Int = 64, transmit: Int = 64, memory: GuardedMemory = GuardedMemory()
  ) throws -> VirtioNet {
    try VirtioNet(
      registers: model.device, memory: memory, configuration: Self.configuration(receive, transmit))
  }

  @Test func `a device that offers everything is used with everything`() throws {
    let model = NetModel(mtu: 9000)
    let net = try start(model)
    #expect(net.hardwareAddress == 0x0253_4f55_4b01)
    #expect(net.maximumTransmissionUnit == 9000)
    #expect(
      net.offload == [
        .transmitChecksum, .transmitSegmentation, .transmitChecksum6, .transmitSegmentation6,
        .receiveChecksum,
        .receiveLarge,
      ])
    #expect(net.maximumLargePacketByteCount == 65_535)
    #expect(net.isLinkUp)
    #expect(model.device.isRunning && model.device.allFaults.isEmpty)
    #expect(model.device.queues[0].kickCount == 1)
    #expect(net.inFlight == (64, 0))
  }

  @Test func `a device that offers only an address sends and receives`() throws {
    let model = NetModel(features: [5])
    let net = try start(model)
    #expect(net.offload == [] && net.maximumTransmissionUnit == 1500)
    #expect(net.maximumLargePacketByteCount == 1500)
    #expect(net.send(frameBytes(60, seed: 1)))
    net.notify()
    #expect(model.send().map(\.frame) == [frameBytes(60, seed: 1)])
    #expect(model.receive(frameBytes(1514, seed: 2)))
    #expect(net.frames() == [frameBytes(1514, seed: 2)])
    #expect(model.device.allFaults.isEmpty)
  }

  @Test(arguments: [
    ([5, 11, 12], NetworkOffload()),  // HOST_TSO4 and HOST_TSO6 without CSUM
    ([5, 7, 8, 15], NetworkOffload()),  // GUEST_TSO4 and GUEST_TSO6 without GUEST_CSUM
    ([5, 1, 7, 8], NetworkOffload.receiveChecksum),  // GUEST_TSO4 and GUEST_TSO6 without MRG_RXBUF
    ([5, 0, 12], NetworkOffload([.transmitChecksum, .transmitChecksum6, .transmitSegmentation6])),
  ]) func `a feature is left alone without those that it needs`(
    features: [Int], offload: NetworkOffload
  ) throws {
    #expect(try start(NetModel(features: features)).offload == offload)
  }

  @Test func `large frames are not asked for when the receive queue cannot hold one`() throws {
    #expect(try start(NetModel(queueMaxima: [16, 64])).offload.contains(.receiveLarge) == false)
    #expect(try start(NetModel(queueMaxima: [32, 64])).offload.contains(.receiveLarge))
  }

  @Test func `frames of every length go out as they are, in one piece or three`() throws {
    let memory = GuardedMemory()
    let model = NetModel()
    let net = try start(model, memory: memory)
    for byteCount in [14, 54, 1514, 4083, 4084, 4085, 8180, 8181, 30_000, 65_553] {
      let frame = frameBytes(byteCount, seed: byteCount)
      let cut = byteCount > 54 ? 54 : 10
      let middle = cut + (byteCount - cut) / 3
      #expect(net.send(Array(frame[..<cut]), Array(frame[cut..<middle]), Array(frame[middle...])))
      net.notify()
      let sent = model.send()
      #expect(sent.count == 1 && sent[0].frame == frame, "\(byteCount) bytes")
      #expect(sent[0].header == [UInt8](repeating: 0, count: 12))
    }
    #expect(memory.isWhole && model.device.allFaults.isEmpty)
  }

  @Test func `a frame to be finished and cut says so in its header`() throws {
    let model = NetModel()
    let net = try start(model)
    #expect(net.send(frameBytes(54, seed: 1), checksum: (34, 16)))
    #expect(
      net.send(
        frameBytes(66, seed: 2), frameBytes(20_000, seed: 3), checksum: (34, 16), segmentByteCount: 1448))
    var header6 = frameBytes(86, seed: 2)
    header6[12] = 0x86
    #expect(net.send(header6, frameBytes(3_000, seed: 3), checksum: (54, 16), segmentByteCount: 1428))
    net.notify()
    let sent = model.send()
    #expect(sent[2].header == [1, 4, 86, 0, 0x94, 5, 54, 0, 16, 0, 0, 0])
    #expect(sent[0].header == [1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0])
    #expect(sent[1].header == [1, 1, 66, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0])
    #expect(sent[1].frame == frameBytes(66, seed: 2) + frameBytes(20_000, seed: 3))
  }

  @Test func `frames of one buffer and of many are received in order`() throws {
    let memory = GuardedMemory()
    let model = NetModel()
    let net = try start(model, memory: memory)
    for round in 0..<8 {
      let frames = [14, 60, 1514, 4084, 4085, 20_000, 65_553].map { frameBytes($0, seed: $0 + round) }
      for frame in frames { #expect(model.receive(frame)) }
      #expect(net.frames() == frames)
      net.notify()
    }
    #expect(memory.isWhole && model.device.allFaults.isEmpty && net.droppedReceiveCount == 0)
    #expect(net.inFlight.receiveBuffers == 64)
  }

  @Test func `a large frame lies in one piece per page`() throws {
    let model = NetModel()
    let net = try start(model)
    #expect(model.receive(frameBytes(10_000, seed: 1)))
    var counts: [Int] = []
    _ = net.receive(limit: 1) { frame in
      counts.append(frame.bytes.byteCount)
      for index in frame.rest.indices { counts.append(frame.rest[index].count) }
    }
    #expect(counts == [4084, 4096, 1820])
  }

  @Test(arguments: [(UInt8(0), false), (1, true), (2, true)])
  func `a checksum is trusted when the device says so`(flags: UInt8, isTrusted: Bool) throws {
    for features in [NetModel.everything, [5]] {
      let model = NetModel(features: features)
      let net = try start(model)
      #expect(model.receive(frameBytes(60, seed: 1), flags: flags))
      var trusted: [Bool] = []
      _ = net.receive(limit: 1) { trusted.append($0.checksumIsTrusted) }
      #expect(trusted == [isTrusted && features.count > 1])
    }
  }

  @Test func `frames that are too short or too long are dropped and counted`() throws {
    let model = NetModel(features: [5, 15])
    let net = try start(model)
    for byteCount in [0, 13, 1519, 14, 1518] { #expect(model.receive(frameBytes(byteCount, seed: 1))) }
    #expect(net.frames().map(\.count) == [14, 1518])
    #expect(net.droppedReceiveCount == 3 && net.failure == nil)
    #expect(net.inFlight.receiveBuffers == 64)
  }

  @Test func `no more frames than the limit are delivered`() throws {
    let model = NetModel()
    let net = try start(model)
    for seed in 0..<5 { #expect(model.receive(frameBytes(60, seed: seed))) }
    #expect(net.frames(limit: 3).count == 3)
    #expect(net.frames(limit: 3).count == 2)
    #expect(net.frames(limit: 3).isEmpty)
  }
}
