import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Netfront

/// A backend that goes away, returns, is another one, or cannot be agreed with.
@Suite struct NetfrontReconnectTests {
  private func device(
    _ backend: NetBackend, memory: GuardedMemory = GuardedMemory(), address: UInt64 = NetBackend.address,
    _ change: (inout Netfront.Configuration) -> Void = { _ in }
  ) throws(XenError) -> Netfront {
    var configuration = Netfront.Configuration()
    change(&configuration)
    return try Netfront(
      hardwareAddress: address, memory: memory, table: backend.table, configuration: configuration)
  }

  /// Moves frames of all kinds both ways.
  private func use(_ net: Netfront, _ backend: NetBackend) {
    for round in 0..<70 {
      #expect(net.send(frameBytes(60, seed: round)))
      #expect(net.send(frameBytes(54, seed: 1), frameBytes(5000, seed: round), checksum: (34, 16)))
      #expect(backend.receive(frameBytes(5000, seed: round), segmentByteCount: 1448))
      net.notify()
      #expect(backend.send().count == 2 && net.frames().count == 1)
      net.notify()
    }
    #expect(backend.faults.isEmpty && net.failure == nil)
  }

  @Test func `while there is no backend frames are refused, and behind it they move again`() throws {
    let memory = GuardedMemory()
    let backend = NetBackend()
    let net = try device(backend, memory: memory)
    #expect(!net.send(frameBytes(60, seed: 1)) && net.frames().isEmpty && !net.armInterrupts())
    for round in 0..<5 {
      backend.domain = UInt16(round)
      try backend.connect(net)
      #expect(net.armInterrupts(), "whoever was refused may try again")
      #expect(!net.armInterrupts())
      use(net, backend)
      // In the middle of everything.
      for seed in 0..<40 { _ = net.send(frameBytes(9000, seed: seed)) }
      net.notify()
      _ = backend.take()
      #expect(backend.receive(frameBytes(60, seed: 1)))
      backend.leave()
      net.disconnect()
      #expect(backend.channels.allSatisfy { $0.isClosed } && backend.table.grantedCount == 0)
      #expect(!net.send(frameBytes(60, seed: 1)) && net.frames().isEmpty && !net.armInterrupts())
      net.notify()
      net.disconnect()
    }
    #expect(net.connectionCount == 5 && net.failure == nil && memory.isWhole && backend.table.faults.isEmpty)
  }

  @Test func `frames are refused until the backend is connected, too`() throws {
    let backend = NetBackend()
    let net = try device(backend)
    try backend.prepare(net)
    #expect(!net.send(frameBytes(60, seed: 1)) && !net.isConnected && !net.armInterrupts())
    #expect(backend.receive(frameBytes(60, seed: 3)), "it may be first")
    #expect(net.frames().isEmpty)
    try net.start { backend.values[$0] }
    #expect(net.armInterrupts() && net.frames() == [frameBytes(60, seed: 3)])
    try net.start { _ in nil }
    use(net, backend)
  }

  @Test func `after a restore the grants and channels of before are left alone`() throws {
    let backend = NetBackend()
    let net = try device(backend)
    try backend.connect(net)
    use(net, backend)
    _ = net.send(frameBytes(60, seed: 1))
    net.notify()
    backend.table.clear()
    let before = backend.channels
    net.forget()
    #expect(before.allSatisfy { !$0.isClosed } && !net.send(frameBytes(60, seed: 1)))
    try backend.connect(net)
    #expect(backend.table.grantedCount == 130 && backend.table.faults.isEmpty)
    use(net, backend)
  }

  @Test func `a full grant table is an error that leaves nothing behind`() throws {
    for capacity in [0, 1, 2, 65, 66, 129] {
      let table = SimulatedGrantTable(capacity: capacity)
      let backend = NetBackend(table: table)
      let net = try device(backend)
      #expect(throws: XenError("the grant table is full")) { try backend.connect(net) }
      #expect(table.grantedCount == 0 && backend.channels.isEmpty && !net.isConnected)
      // With fewer pages it is enough.
      guard capacity == 65 else { continue }
      let small = try device(backend) {
        $0.receivePageCount = 32
        $0.transmitPageCount = 16
      }
      try backend.connect(small)
      use(small, backend)
    }
  }

  @Test func `no channel is an error that leaves nothing behind`() throws {
    let backend = NetBackend()
    let net = try device(backend)
    for allowed in 0..<2 {
      var channels: [SimulatedChannel] = []
      #expect(throws: XenError("no event channel")) {
        _ = try net.prepare(backend: 0, values: { backend.values[$0] }) { () throws(XenError) in
          guard channels.count < allowed else { throw XenError("no event channel") }
          channels.append(SimulatedChannel(port: 1))
          return channels[channels.count - 1]
        }
      }
      #expect(backend.table.grantedCount == 0 && channels.allSatisfy { $0.isClosed })
    }
  }

  @Test(arguments: [
    ([:], XenError.noCopy), (["feature-rx-copy": "0"], .noCopy),
    (["feature-rx-copy": "yes"], XenError("the backend's feature-rx-copy is no number")),
    (["feature-rx-copy": "1", "feature-sg": ""], XenError("the backend's feature-sg is no number")),
    (["feature-rx-copy": "1", "mtu": "575"], .badMTU), (["feature-rx-copy": "1", "mtu": "-1"], nil),
    (["feature-rx-copy": "1", "mtu": "4079"], .badMTU),
    (["feature-rx-copy": "1", "mtu": "18446744073709551615"], .badMTU),
    (["feature-rx-copy": "1", "feature-sg": "1", "mtu": "65518"], .badMTU),
  ]) func `a backend that makes no sense is refused in words`(
    values: [String: String], expected: XenError?
  ) throws {
    let backend = NetBackend(values)
    let net = try device(backend)
    #expect(throws: expected ?? XenError("the backend's mtu is no number")) { try backend.connect(net) }
    #expect(backend.table.grantedCount == 0 && !net.isConnected && backend.channels.isEmpty)
  }

  @Test func `a later backend may offer more, and not less`() throws {
    let first = ["feature-rx-copy": "1", "feature-sg": "1", "mtu": "4000"]
    let backend = NetBackend(first)
    let net = try device(backend)
    try backend.connect(net)
    let offload = net.offload
    #expect(offload == [.transmitChecksum, .receiveChecksum, .receiveLarge])
    func again(_ values: [String: String]) throws {
      backend.leave()
      net.disconnect()
      backend.values = values
      try backend.connect(net)
    }
    try again(NetBackend.everything.merging(["mtu": "9000"]) { $1 })
    #expect(net.offload == offload && net.maximumTransmissionUnit == 4000)
    #expect(throws: XenError.fewerFeatures) {
      try again(first.merging(["feature-no-csum-offload": "1"]) { $1 })
    }
    #expect(throws: XenError.smallerMTU) { try again(first.merging(["mtu": "1500"]) { $1 }) }
    try again(first)
    #expect(net.isConnected)
  }

  @Test func `the MTU is what is configured, what the backend says, or 1,500`() throws {
    for (said, configured, expected) in [
      ("9000", nil, 9000), (nil, 4000, 4000), (nil, nil, 1500), ("9000", 1400, 1400),
    ]
      as [(String?, Int?, Int)]
    {
      let backend = NetBackend()
      backend.values["mtu"] = said
      let net = try device(backend) { $0.maximumTransmissionUnit = configured }
      try backend.connect(net)
      #expect(net.maximumTransmissionUnit == expected)
    }
  }

  @Test func `multicast is refused only where the backend can, and if it is to be`() throws {
    for (offers, refuses, expected) in [(true, true, "1"), (true, false, "0"), (false, true, nil)]
      as [(Bool, Bool, String?)]
    {
      let backend = NetBackend()
      if !offers { backend.values["feature-multicast-control"] = nil }
      let net = try device(backend) { $0.refusesMulticast = refuses }
      try backend.connect(net)
      #expect(backend.entries["request-multicast-control"] == expected)
    }
  }

  @Test(arguments: [0, 1 << 40, 0xffff_ffff_ffff, 1 << 48, .max] as [UInt64])
  func `an address of no single device is refused`(address: UInt64) {
    #expect(throws: XenError.badHardwareAddress) { try device(NetBackend(), address: address) }
  }

  @Test func `too little memory is an error`() {
    for pages in [0, 1, 2, 65, 66, 129] {
      let memory = GuardedMemory(budget: pages * 4096)
      #expect(throws: XenError.self) { try device(NetBackend(), memory: memory) }
    }
  }
}
