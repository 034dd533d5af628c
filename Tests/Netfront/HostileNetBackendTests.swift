import CXen
import DeviceTesting
import Platform
import Testing
import XenRing
import XenSimulation

@testable import Netfront

/// A rule that a backend breaks once: the driver names it, takes its grants and channels back, and goes on without.
@Suite struct HostileNetBackendTests {
  private func start(
    _ backend: NetBackend, receive: Int = 64, memory: GuardedMemory
  ) throws -> Netfront {
    var configuration = Netfront.Configuration()
    configuration.receivePageCount = receive
    let net = try Netfront(
      hardwareAddress: NetBackend.address, memory: memory, table: backend.table, configuration: configuration)
    try backend.connect(net)
    return net
  }

  private func expectGivenUp(
    _ net: Netfront, _ error: XenError, _ backend: NetBackend, _ memory: GuardedMemory
  ) throws {
    #expect(net.failure == error && net.failureDescription == error.description && !net.isConnected)
    #expect(backend.channels.allSatisfy { $0.isClosed })
    #expect(backend.table.grantedCount == 2, "what the backend has mapped, the rings, stays its own")
    let dropped = net.droppedTransmitCount
    #expect(net.frames().isEmpty && net.send([1, 2, 3]) && net.droppedTransmitCount == dropped + 1)
    net.notify()
    #expect(!net.armInterrupts() && memory.isWhole)
    net.disconnect()
    // Another backend is given another chance, as soon as this one has let go.
    #expect(throws: XenError("domain 0 keeps pages that domain 0 is to have")) { try backend.connect(net) }
    #expect(net.failure == nil)
    backend.leave()
    try backend.connect(net)
    #expect(backend.receive(frameBytes(60, seed: 1)) && net.frames() == [frameBytes(60, seed: 1)])
    #expect(net.send(frameBytes(60, seed: 2)))
    net.notify()
    #expect(backend.send().count == 1 && backend.table.faults.isEmpty)
  }

  // MARK: Received

  enum ReceiveLie: CaseIterable {
    case indexOneTooFar, indexBack, indexFar, wrongIdentifier, identifierTwice, beyondPage, farBeyondPage
    case oddStatus, lowestStatus, tooManySlots, incomplete, incompleteExtra, prefix, hash, multicast,
      unknownExtra
    case extraTwice, extraLater, noSize, noKind, unknownKind

    var expected: XenError {
      switch self {
      case .indexOneTooFar, .indexBack, .indexFar: .receiveIndexRanAway
      case .wrongIdentifier, .identifierTwice: .receiveIdentifier
      case .beyondPage, .farBeyondPage: .receiveBounds
      case .oddStatus, .lowestStatus: .receiveStatus
      case .tooManySlots: .receiveTooManySlots
      case .incomplete, .incompleteExtra: .receiveIncomplete
      case .prefix: .receiveUnasked
      case .hash, .multicast, .unknownExtra: .receiveExtraKind
      case .extraTwice, .extraLater: .receiveExtraTwice
      case .noSize, .noKind, .unknownKind: .receiveSegmentation
      }
    }

    func tell(_ backend: NetBackend) {
      let ring = backend.receiveRing!
      let index = ring.responseIndex
      let (more, extra) = (xen_netrxf_more_data, xen_netrxf_extra_info)
      func deliver(_ offset: Int = 0, flags: Int = 0, status: Int = 60, identifier: UInt32? = nil) {
        let identifier = UInt16(truncatingIfNeeded: (identifier ?? ring.responseIndex) & 255)
        backend.deliver(identifier, offset: offset, flags: flags, status: status)
      }
      switch self {
      case .indexOneTooFar: return ring.show(responseIndex: index &+ 65)
      case .indexBack: return ring.show(responseIndex: index &- 1)
      case .indexFar: return ring.show(responseIndex: index &+ 0x8000_0000)
      case .wrongIdentifier: deliver(identifier: index &+ 1)
      case .identifierTwice:
        deliver()
        deliver(identifier: index)
      case .beyondPage: deliver(4000, status: 97)
      case .farBeyondPage: deliver(0xffff, status: 0x7fff)
      case .oddStatus: deliver(status: -3)
      case .lowestStatus: deliver(status: -0x8000)
      case .tooManySlots: for position in 0..<19 { deliver(flags: position < 18 ? more : 0, status: 4096) }
      case .incomplete: deliver(flags: more)
      case .incompleteExtra: deliver(flags: extra)
      case .prefix: deliver(flags: xen_netrxf_gso_prefix)
      case .hash, .multicast, .unknownExtra, .noSize, .noKind, .unknownKind:
        deliver(flags: extra)
        backend.extra(
          type: self == .hash ? 4 : self == .multicast ? 2 : self == .unknownExtra ? 0xff : 1, flags: 0,
          size: self == .noSize ? 0 : 1448, kind: self == .noKind ? 0 : self == .unknownKind ? 3 : 1)
      case .extraTwice:
        deliver(flags: extra)
        for flags in [UInt8(1), 0] { backend.extra(type: 1, flags: flags, size: 1448, kind: 1) }
      case .extraLater:
        deliver(flags: more)
        deliver(flags: extra)
        backend.extra(type: 1, flags: 0, size: 1448, kind: 1)
      }
      ring.push()
    }
  }

  @Test(arguments: ReceiveLie.allCases)
  func `a lie about received frames is named, and the frames before it are delivered`(
    lie: ReceiveLie
  ) throws {
    let (backend, memory) = (NetBackend(), GuardedMemory())
    let net = try start(backend, memory: memory)
    for seed in 0..<3 { #expect(backend.receive(frameBytes(60, seed: seed))) }
    #expect(net.frames().count == 3)
    net.notify()
    lie.tell(backend)
    #expect(net.frames().count == (lie == .identifierTwice ? 1 : 0))
    try expectGivenUp(net, lie.expected, backend, memory)
  }

  @Test func `what was not asked for is named`() throws {
    for segmentByteCount in [nil, 1448] {
      let memory = GuardedMemory()
      let backend = NetBackend()
      let net = try start(backend, receive: 16, memory: memory)
      #expect(backend.receive(frameBytes(5000, seed: 1), segmentByteCount: segmentByteCount))
      #expect(net.frames().isEmpty)
      try expectGivenUp(
        net, segmentByteCount == nil ? .receiveUnasked : .receiveExtraKind, backend, memory)
    }
  }

  @Test func `a frame stays as it is while the backend writes to everything it can`() throws {
    let (backend, memory) = (NetBackend(), GuardedMemory())
    let net = try start(backend, memory: memory)
    let frame = frameBytes(9000, seed: 4)
    #expect(backend.receive(frame, segmentByteCount: 1448))
    var seen: [[UInt8]] = []
    _ = net.receive(limit: 5) { lent in
      for region in memory.regions { region.initializeMemory(as: UInt8.self, repeating: 0xff) }
      seen.append(lent.bytes.withUnsafeBytes { Array($0) })
    }
    #expect(seen == [frame] && memory.isWhole)
    #expect(net.failure == .receiveIndexRanAway, "the rings were among it")
  }

  @Test func `a backend that is given up while a frame is delivered delivers no more`() throws {
    let (backend, memory) = (NetBackend(), GuardedMemory())
    let net = try start(backend, memory: memory)
    for seed in 0..<3 { #expect(backend.receive(frameBytes(60, seed: seed))) }
    backend.transmitRing.show(responseIndex: 100)
    let count = net.receive(limit: 5) { _ in
      // Room is looked for only when there is none.
      for _ in 0..<65 { _ = net.send(frameBytes(60, seed: 9)) }
    }
    #expect(count == 1)
    try expectGivenUp(net, .transmitIndexRanAway, backend, memory)
  }

  // MARK: Transmitted

  enum TransmitLie: CaseIterable {
    case indexOneTooFar, indexBack, indexFar, outOfRange, highest, twice, neverSent, oddStatus, lowestStatus
    case emptyResponse, emptyResponseTwice

    var expected: XenError {
      switch self {
      case .indexOneTooFar, .indexBack, .indexFar: .transmitIndexRanAway
      case .outOfRange, .highest, .twice, .neverSent: .transmitIdentifier
      case .oddStatus, .lowestStatus: .transmitStatus
      case .emptyResponse, .emptyResponseTwice: .transmitEmptyResponse
      }
    }

    func tell(_ backend: NetBackend, sent: UInt16, neverSent: UInt16) {
      let ring = backend.transmitRing!
      switch self {
      case .indexOneTooFar: return ring.show(responseIndex: ring.responseIndex &+ 65)
      case .indexBack: return ring.show(responseIndex: ring.responseIndex &- 1)
      case .indexFar: return ring.show(responseIndex: ring.responseIndex &+ 0x8000_0000)
      case .outOfRange: backend.respond(64, 0)
      case .highest: backend.respond(.max, 0)
      case .twice: for _ in 0..<2 { backend.respond(sent, 0) }
      case .neverSent: backend.respond(neverSent, 0)
      case .oddStatus: backend.respond(sent, 2)
      case .lowestStatus: backend.respond(sent, -0x8000)
      case .emptyResponse: backend.respond(sent, 1)
      case .emptyResponseTwice: for _ in 0..<2 { backend.respond(sent, 1) }
      }
      ring.push()
    }
  }

  @Test(arguments: TransmitLie.allCases) func `a lie about sent frames is named`(lie: TransmitLie) throws {
    let (backend, memory) = (NetBackend(), GuardedMemory())
    let net = try start(backend, memory: memory)
    if lie == .emptyResponseTwice {
      #expect(net.send(frameBytes(54, seed: 1), [1], checksum: (34, 16), segmentByteCount: 1))
    }
    for seed in 0..<(lie == .neverSent ? 63 : 64) { _ = net.send(frameBytes(60, seed: seed)) }
    net.notify()
    let sent = try #require(backend.take())
    lie.tell(backend, sent: sent.identifiers[0], neverSent: net.freePages[0])
    for _ in 0..<3 where net.failure == nil { _ = net.send(frameBytes(9000, seed: 1)) }
    try expectGivenUp(net, lie.expected, backend, memory)
  }

  @Test func `frames that the backend could not send are counted, and their pages come back`() throws {
    let (backend, memory) = (NetBackend(), GuardedMemory())
    let net = try start(backend, memory: memory)
    for round in 0..<200 {
      while !net.send(frameBytes(5000, seed: round)) {}
      net.notify()
      backend.answer(try #require(backend.take()), status: round % 2 == 0 ? -1 : -2)
      backend.transmitRing.push()
    }
    #expect(net.failure == nil && net.failedTransmitCount > 300 && backend.faults.isEmpty)
  }
}
