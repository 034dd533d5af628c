import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Netfront

/// A backend that does anything at any time, by a seed.
@Suite struct NetfrontFuzzTests {
  private static let broken: [XenError] = [
    .transmitIndexRanAway, .transmitIdentifier, .transmitStatus, .transmitEmptyResponse, .receiveIndexRanAway,
    .receiveIdentifier, .receiveStatus, .receiveBounds, .receiveIncomplete, .receiveTooManySlots,
    .receiveUnasked, .receiveExtraKind, .receiveExtraTwice, .receiveSegmentation,
  ]

  /// Something a backend must not do. False when its own half of the rings is lost by it.
  private func strike(
    _ backend: NetBackend, _ memory: GuardedMemory, _ numbers: inout SeededNumbers
  ) -> Bool {
    func any() -> UInt16 { UInt16(truncatingIfNeeded: numbers.next()) }
    let receive = backend.receiveRing!
    switch numbers.pick(0...9) {
    case 0...2:
      // A received slot that is nearly right in some way.
      let identifier = numbers.once(in: 4) ? any() : UInt16(truncatingIfNeeded: receive.responseIndex & 255)
      backend.deliver(
        identifier, offset: numbers.pick([0, 4000, Int(any())]), flags: numbers.pick(0...31),
        status: numbers.pick([60, 97, 4096, -1, -2, Int(Int16(bitPattern: any()))]))
      receive.push()
    case 3:
      backend.extra(
        type: UInt8(numbers.pick(0...5)), flags: UInt8(numbers.pick(0...1)), size: numbers.pick(0...2000),
        kind: numbers.pick(0...3))
      receive.push()
    case 4:
      backend.respond(
        numbers.once(in: 3) ? any() : UInt16(numbers.pick(0...64)), Int16(numbers.pick(-3...2)))
      backend.transmitRing.push()
    case 5:
      let ring = numbers.once(in: 2) ? receive : backend.transmitRing!
      ring.show(responseIndex: ring.responseIndex &+ UInt32(truncatingIfNeeded: numbers.pick(-2...70)))
    case 6:
      let ring = numbers.once(in: 2) ? receive : backend.transmitRing!
      ring.wantEvent(at: UInt32(truncatingIfNeeded: numbers.next()))
    default:
      let region = memory.regions[numbers.once(in: 2) ? 0 : numbers.pick(0...2)]
      let start = numbers.pick(0...region.count - 1)
      for index in start..<min(start + numbers.pick(1...64), region.count) {
        region[index] = UInt8(truncatingIfNeeded: numbers.next())
      }
      return false
    }
    return true
  }

  @Test(arguments: 0..<40) func `no backend makes the driver leave its memory`(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    let memory = GuardedMemory()
    let backend = NetBackend()
    for key in NetBackend.everything.keys.sorted() where key != "feature-rx-copy" && numbers.once(in: 3) {
      backend.values[key] = nil
    }
    var configuration = Netfront.Configuration()
    configuration.receivePageCount = numbers.pick([4, 16, 32, 64, 256])
    configuration.transmitPageCount = numbers.pick([1, 17, 64, 256])
    let net = try Netfront(
      hardwareAddress: NetBackend.address, memory: memory, table: backend.table, configuration: configuration,
      firstIndex: numbers.pick([0, .max - 50]))
    try backend.connect(net)
    let (frame, large) = (frameBytes(1514, seed: 1), frameBytes(60_000, seed: 2))
    var isHonest = true
    var failureCount = 0
    let honestSteps = numbers.pick(0...100)
    for step in 0..<800 {
      if isHonest {
        if numbers.once(in: 2) { _ = backend.receive(frame) }
        if numbers.once(in: 4) { _ = backend.receive(Array(large.prefix(9000)), segmentByteCount: 1448) }
        if numbers.once(in: 2) { backend.send(limit: numbers.pick(1...9)) }
      }
      if step > honestSteps && numbers.once(in: 3) {
        isHonest = strike(backend, memory, &numbers) && isHonest
      }
      _ = net.receive(limit: numbers.pick(1...8)) { frame in
        let isPrivate = frame.bytes.withUnsafeBytes { bytes in
          !memory.regions.contains {
            $0.baseAddress! <= bytes.baseAddress! && bytes.baseAddress! < $0.baseAddress! + $0.count
          }
        }
        if !isPrivate || frame.bytes.byteCount > net.largestReceivedByteCount {
          Issue.record("a frame that the backend can change, seed \(seed)")
        }
      }
      _ = net.send(frame)
      if net.offload.contains(.transmitSegmentation), numbers.once(in: 5) {
        _ = net.send(large, checksum: (34, 16), segmentByteCount: 1448)
      }
      net.notify()
      if numbers.once(in: 3) { _ = net.armInterrupts() }
      if let failure = net.failure, numbers.once(in: 4) {
        #expect(Self.broken.contains(failure) && !net.isConnected, "\(failure), seed \(seed)")
        #expect(backend.channels.allSatisfy { $0.isClosed } && backend.table.grantedCount == 2)
        failureCount += 1
        backend.leave()
        try backend.connect(net)
        isHonest = true
      }
    }
    #expect(memory.isWhole && failureCount > 0, "seed \(seed)")
    // After all that it works as on the first day.
    backend.leave()
    net.disconnect()
    try backend.connect(net)
    for _ in 0..<100 {
      #expect(net.send(frame) && backend.receive(frame))
      net.notify()
      #expect(backend.send().map(\.frame) == [frame] && net.frames() == [frame], "seed \(seed)")
      net.notify()
    }
    #expect(memory.isWhole && net.failure == nil)
  }
}
