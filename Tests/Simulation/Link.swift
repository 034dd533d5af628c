import Bytes
import EventLoop
import NetworkSimulation
import Platform
import Wire

/// Two devices on a wire, without stacks: tests write the frames and read what arrives.
final class Link {
  let driver: SimulationDriver
  let loop: EventLoop
  let wire: SimulatedWire
  let left: SimulatedDevice
  let right: SimulatedDevice
  /// What `right` received, and when.
  private(set) var arrived: [(frame: [UInt8], time: UInt64)] = []
  /// The same for `left`.
  private(set) var returned: [[UInt8]] = []
  /// Frames whose checksum the device vouched for.
  private(set) var trustedCount = 0
  /// Frames that came in pieces.
  private(set) var piecewiseCount = 0

  static let leftAddress = IPv4Address(10, 0, 0, 1)
  static let rightAddress = IPv4Address(10, 0, 0, 2)
  static let leftAddress6 = IPv6Address(high: 0xfd00 << 48, low: 1)
  static let rightAddress6 = IPv6Address(high: 0xfd00 << 48, low: 2)
  static let leftHardware: UInt64 = 0x0200_0000_0001
  static let rightHardware: UInt64 = 0x0200_0000_0002

  init(
    seed: UInt64 = 1, left leftOptions: SimulatedDeviceOptions = .init(),
    right rightOptions: SimulatedDeviceOptions = .init(), readsRight: Bool = true
  ) {
    driver = SimulationDriver()
    let loop = EventLoop(driver: driver, clock: driver.clock)
    self.loop = loop
    let wire = SimulatedWire(loop: loop, seed: seed)
    self.wire = wire
    left = wire.attach(hardwareAddress: Self.leftHardware, options: leftOptions)
    right = wire.attach(hardwareAddress: Self.rightHardware, options: rightOptions)
    driver.sources = [{ wire.pump() }]
    driver.whenIdle = { loop.stop() }
    left.whenReady = { [unowned self] in self.returned += self.drain(self.left) }
    if readsRight { right.whenReady = { [unowned self] in self.readRight() } }
  }

  /// Takes everything out of `right`.
  func readRight() {
    arrived += drain(right).map { ($0, driver.clock.now.nanoseconds) }
  }

  private func drain(_ device: SimulatedDevice) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    _ = device.receive(limit: .max) { frame in
      // Copied within the closures.
      var bytes = frame.bytes.withUnsafeBytes { Array($0) }
      for index in 0..<frame.rest.count { bytes += Array(frame.rest[index]) }
      if frame.checksumIsTrusted { trustedCount += 1 }
      if frame.rest.count > 0 { piecewiseCount += 1 }
      frames.append(bytes)
    }
    return frames
  }

  /// Sends a frame from `left` and tells the device.
  @discardableResult
  func send(_ frame: [UInt8], from device: SimulatedDevice? = nil) -> Bool {
    let device = device ?? left
    let empty = RawSpan()
    let isTaken = device.transmit(
      OutboundFrame(
        header: frame.span.bytes, payload: empty, payloadTail: empty, checksum: nil, segmentByteCount: 0))
    device.notify()
    return isTaken
  }

  /// Runs until nothing is on its way.
  func settle() { loop.run() }
}

/// A TCP segment that a test writes.
struct Segment {
  var fromLeft = true
  var isIPv6 = false
  var sequence: UInt32
  var acknowledgement: UInt32?
  var flags: TCPFlags = []
  var window: UInt16 = 1_000
  var options = TCPOptions()
  var payload: [UInt8] = []
  var ports: (UInt16, UInt16) = (1_025, 80)
  var identification: UInt16 = 7

  init(
    _ sequence: UInt32, ack: UInt32? = nil, _ flags: TCPFlags = [], window: UInt16 = 1_000,
    _ payload: [UInt8] = [], fromLeft: Bool = true
  ) {
    self.sequence = sequence
    acknowledgement = ack
    self.flags = flags
    self.window = window
    self.payload = payload
    self.fromLeft = fromLeft
  }

  init(_ sequence: UInt32, ack: UInt32, _ payload: [UInt8]) {
    self.init(sequence, ack: ack, [], window: 1_000, payload)
  }

  /// The frame; with only the pseudo header's sum in the checksum field when `isPartial`.
  func frame(isPartial: Bool = false) -> [UInt8] {
    let (a, b) = (Link.leftHardware, Link.rightHardware)
    let ethernet = EthernetHeader(
      destination: EthernetAddress(rawValue: fromLeft ? b : a),
      source: EthernetAddress(rawValue: fromLeft ? a : b), type: isIPv6 ? .ipv6 : .ipv4)
    var header = TCPHeader(
      sourcePort: fromLeft ? ports.0 : ports.1, destinationPort: fromLeft ? ports.1 : ports.0,
      sequenceNumber: SequenceNumber(sequence), acknowledgementNumber: SequenceNumber(acknowledgement ?? 0),
      flags: acknowledgement == nil ? flags : flags.union(.ack), window: window)
    header.options = options
    let byteCount = header.byteCount + payload.count
    var ip = IPv4Header(
      source: fromLeft ? Link.leftAddress : Link.rightAddress,
      destination: fromLeft ? Link.rightAddress : Link.leftAddress, protocol: .tcp,
      payloadByteCount: byteCount)
    ip.identification = identification
    let ip6 = IPv6Header(
      source: fromLeft ? Link.leftAddress6 : Link.rightAddress6,
      destination: fromLeft ? Link.rightAddress6 : Link.leftAddress6, protocol: .tcp,
      payloadByteCount: byteCount)
    let pseudoHeader = isIPv6 ? ip6.pseudoHeader : ip.pseudoHeader
    return [UInt8](byteCount: (isIPv6 ? 54 : 34) + byteCount) { output in
      ethernet.write(into: &output)
      if isIPv6 { ip6.write(into: &output) } else { ip.write(into: &output) }
      header.write(
        into: &output,
        seal: isPartial ? .partial(pseudoHeader: pseudoHeader) : .full(pseudoHeader: pseudoHeader)
      ) { $0.append(contentsOf: payload.span.bytes) }
    }
  }
}

extension [UInt8] {
  /// The bytes that `write` appends, exactly `count`.
  init(byteCount count: Int, _ write: (inout OutputRawSpan) -> Void) {
    self = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      // The output covers the new array's memory, and is finished before it ends.
      var output = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      write(&output)
      written = output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
    }
    precondition(self.count == count)
  }
}

/// Reproducible content.
func content(_ count: Int, seed: UInt64 = 3) -> [UInt8] {
  var numbers = SplitMix64(seed: seed)
  return (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
}
