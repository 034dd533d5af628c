import Bytes
import Glibc
import MachineTesting
import Platform
import Testing

@testable import MachineTap

/// Two TAP devices behind one bridge: what one transmits, the other receives. Needs root.
@Suite(.enabled(if: TestNamespace.isExpected, "needs root and /dev/net/tun"))
struct TapDeviceTests {
  private static let sender: [UInt8] = [0x02, 0x53, 0x4f, 0x55, 0x4b, 0x01]

  /// A bridged pair in a namespace of its own.
  private func withPair(
    senderOffloads: Bool = true, receiverOffloads: Bool = true,
    _ body: @escaping (TapDevice, TapDevice) throws -> Void
  ) throws {
    try TestNamespace.run {
      try TestNamespace.ip("link add bridge0 type bridge")
      var devices: [TapDevice] = []
      for (name, offloads) in [("one", senderOffloads), ("two", receiverOffloads)] {
        let descriptor = try TapDevice.open(name: name)
        devices.append(
          try TapDevice(inheriting: descriptor, hardwareAddress: 0x0253_4f55_4b01, offloads: offloads))
        try TestNamespace.ip("link set \(name) master bridge0 up")
      }
      try TestNamespace.ip("link set bridge0 up")
      try body(devices[0], devices[1])
    }
  }

  /// Waits for frames of ours, up to `count`; the kernel's own are passed over.
  private func frames(_ count: Int, from device: TapDevice) -> [(bytes: [UInt8], isTrusted: Bool)] {
    var frames: [(bytes: [UInt8], isTrusted: Bool)] = []
    while frames.count < count {
      var wait = pollfd(fd: device.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 5000) == 1 else { break }
      _ = device.receive(limit: 16) { frame in
        let bytes = frame.bytes.withUnsafeBytes { Array($0) }
        if bytes[6..<12].elementsEqual(Self.sender) { frames.append((bytes, frame.checksumIsTrusted)) }
      }
    }
    return frames
  }

  private func transmit(
    _ pieces: [[UInt8]], checksum: (start: Int, offset: Int)? = nil, segmentByteCount: Int = 0,
    on device: TapDevice
  ) -> Bool {
    let (header, payload, tail) = (pieces[0], pieces[1], pieces[2])
    let frame = OutboundFrame(
      header: header.span.bytes, payload: payload.span.bytes, payloadTail: tail.span.bytes,
      checksum: checksum,
      segmentByteCount: segmentByteCount)
    return device.transmit(frame)
  }

  /// Ethernet, IPv4 and TCP headers before `payloadByteCount` bytes, the TCP checksum left to the device.
  private func headers(payloadByteCount: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x02, 0x53, 0x4f, 0x55, 0x4b, 0x02] + Self.sender + [0x08, 0x00]
    let length = 40 + payloadByteCount
    let ip: [UInt8] = [
      0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 83, 0, 11, 10, 83, 0,
      12,
    ]
    let sum = ~fold(ip)
    bytes += ip[..<10] + [UInt8(sum >> 8), UInt8(sum & 0xff)] + ip[12...]
    let pseudo = fold(
      [10, 83, 0, 11, 10, 83, 0, 12, 0, 6] + [UInt8((length - 20) >> 8), UInt8((length - 20) & 0xff)])
    bytes += [0x1f, 0x90, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff]
    return bytes + [UInt8(pseudo >> 8), UInt8(pseudo & 0xff), 0, 0]
  }

  /// The one's complement sum of big-endian words (RFC 1071 §1).
  private func fold(_ bytes: [UInt8]) -> UInt16 {
    var sum = 0
    for (index, byte) in bytes.enumerated() { sum += index % 2 == 0 ? Int(byte) << 8 : Int(byte) }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return UInt16(sum)
  }

  @Test func `a frame in three pieces arrives in one`() throws {
    try withPair { one, two in
      let header = [UInt8](repeating: 0xff, count: 6) + Self.sender + [0x88, 0xb5]
      #expect(transmit([header, [1, 2, 3], [4, 5]], on: one))
      #expect(transmit([header + [UInt8](repeating: 9, count: 46), [], []], on: one))
      let received = frames(2, from: two)
      #expect(received.first?.bytes == header + [1, 2, 3, 4, 5])
      #expect(received.last?.bytes == header + [UInt8](repeating: 9, count: 46))
      #expect(two.receive(limit: 16) { _ in } == 0)
    }
  }

  @Test func `receive takes no more than its limit`() throws {
    try withPair { one, two in
      let header = [UInt8](repeating: 0xff, count: 6) + Self.sender + [0x88, 0xb5]
      for number in 0..<5 { #expect(transmit([header, [UInt8(number)], []], on: one)) }
      var wait = pollfd(fd: two.descriptor, events: Int16(POLLIN), revents: 0)
      #expect(poll(&wait, 1, 5000) == 1)
      var counts: [Int] = []
      while counts.last != 0 { counts.append(two.receive(limit: 2) { _ in }) }
      #expect(counts.allSatisfy { $0 <= 2 } && counts.reduce(0, +) >= 5)
    }
  }

  @Test func `an unfinished checksum stays unfinished between two devices that can`() throws {
    try withPair { one, two in
      let headers = headers(payloadByteCount: 4)
      #expect(transmit([headers, [1, 2], [3, 4]], checksum: (34, 16), on: one))
      let frame = try #require(frames(1, from: two).first)
      #expect(frame.isTrusted)
      #expect(frame.bytes == headers + [1, 2, 3, 4])
    }
  }

  @Test func `the kernel finishes the checksum for a device that cannot`() throws {
    try withPair(receiverOffloads: false) { one, two in
      #expect(transmit([headers(payloadByteCount: 4), [1, 2], [3, 4]], checksum: (34, 16), on: one))
      let frame = try #require(frames(1, from: two).first)
      #expect(!frame.isTrusted)
      // Segment and pseudo header add up to all ones (RFC 9293 §3.1).
      #expect(fold([10, 83, 0, 11, 10, 83, 0, 12, 0, 6, 0, 24] + frame.bytes[34...]) == 0xffff)
    }
  }

  @Test func `a large segment crosses whole, or cut for a device that cannot take it`() throws {
    let payload = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
    let pieces = [
      headers(payloadByteCount: payload.count), Array(payload[..<15_000]), Array(payload[15_000...]),
    ]
    try withPair { one, two in
      #expect(transmit(pieces, checksum: (34, 16), segmentByteCount: 1460, on: one))
      let frame = try #require(frames(1, from: two).first)
      #expect(frame.isTrusted && frame.bytes == pieces[0] + payload)
    }
    try withPair(receiverOffloads: false) { one, two in
      #expect(transmit(pieces, checksum: (34, 16), segmentByteCount: 1460, on: one))
      let received = frames(28, from: two)
      #expect(received.map { $0.bytes.count - 54 } == Array(repeating: 1460, count: 27) + [580])
      #expect(received.flatMap { $0.bytes[54...] } == payload)
    }
  }

  @Test func `an interface that is down drops what it is given`() throws {
    try TestNamespace.run {
      let device = try TapDevice(
        inheriting: TapDevice.open(name: "down"), hardwareAddress: 0x0253_4f55_4b01,
        maximumTransmissionUnit: 1400)
      let frame = [UInt8](repeating: 0, count: 60)
      #expect(transmit([frame, [], []], on: device))
      #expect(device.droppedTransmitCount == 1)
      #expect(device.receive(limit: 1) { _ in } == 0)
      #expect(device.maximumTransmissionUnit == 1400)
    }
  }

  @Test func `a descriptor that is no TAP, a name too long and an open interface are refused`() throws {
    try TestNamespace.run {
      let file = open("/dev/null", O_RDWR | O_CLOEXEC)
      defer { close(file) }
      #expect(throws: NetworkError.notPermitted) { _ = try TapDevice(inheriting: file, hardwareAddress: 2) }
      #expect(throws: NetworkError.notPermitted) { _ = try TapDevice.open(name: "sixteen-is-a-lot") }
      let descriptor = try TapDevice.open(name: "taken")
      defer { close(descriptor) }
      #expect(throws: NetworkError.addressInUse) { _ = try TapDevice.open(name: "taken") }
    }
  }

  @Test func `what a device offers is what was asked for`() throws {
    try withPair(receiverOffloads: false) { one, two in
      #expect(
        one.offload == [
          .transmitChecksum, .transmitSegmentation, .transmitChecksum6, .transmitSegmentation6,
          .receiveChecksum,
          .receiveLarge,
        ])
      #expect(one.maximumLargePacketByteCount == 65_535)
      #expect(two.offload == [] && two.maximumLargePacketByteCount == 1500)
    }
  }
}
