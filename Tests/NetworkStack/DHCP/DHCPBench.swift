import Bytes
import MachineTesting
import Platform
import Wire

@testable import NetworkStack

/// What a client sent, taken apart.
struct SentDHCP: Equatable {
  var type: DHCPv4MessageType
  var transaction: UInt32
  var seconds: UInt16
  var wantsBroadcast: Bool
  var clientAddress: IPv4Address
  var requested: IPv4Address?
  var server: IPv4Address?
  var source: IPv4Address
  var destination: IPv4Address
  var byteCount: Int

  init?(_ action: DHCPAction?) {
    guard case .send(let payload, let source, let destination) = action,
      let message = try? DHCPv4Message(validating: payload.span.bytes), !message.isReply
    else { return nil }
    type = message.type
    transaction = message.transaction
    seconds = message.seconds
    wantsBroadcast = message.wantsBroadcast
    clientAddress = message.clientAddress
    requested = message.requestedAddress
    server = message.serverIdentifier
    self.source = source
    self.destination = destination
    byteCount = payload.count
  }
}

/// What a server says; every field can be made wrong.
struct ServerWords {
  var type = DHCPv4MessageType.offer
  var isReply = true
  var hardware = DHCPBench.hardware
  var address = IPv4Address(10, 0, 0, 50)
  var server: IPv4Address? = DHCPBench.server
  var mask: IPv4Address? = IPv4Address(255, 255, 255, 0)
  var leaseSeconds: UInt32? = 3600
  var renewalSeconds: UInt32?
  var rebindingSeconds: UInt32?
  var routers: [IPv4Address] = [IPv4Address(10, 0, 0, 1)]
  var resolvers: [IPv4Address] = [IPv4Address(10, 0, 0, 53)]
  var mtu: UInt16?

  func bytes(transaction: UInt32) -> [UInt8] {
    var header = DHCPv4Header(type: type, transaction: transaction, clientHardware: hardware)
    header.isReply = isReply
    header.yourAddress = type == .nak ? .unspecified : address
    func list(_ addresses: [IPv4Address]) -> [UInt8] {
      addresses.flatMap { address in
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> UInt32($0)) }
      }
    }
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: 1500) { room in
      header.write(into: &room) { options in
        if let server { options.append(.serverIdentifier, addresses: server) }
        if type == .nak { return }
        if let mask { options.append(.subnetMask, addresses: mask) }
        if let leaseSeconds { options.append(.leaseTime, number32: leaseSeconds) }
        if let renewalSeconds { options.append(.renewalTime, number32: renewalSeconds) }
        if let rebindingSeconds { options.append(.rebindingTime, number32: rebindingSeconds) }
        if !routers.isEmpty { options.append(.router, data: list(routers)) }
        if !resolvers.isEmpty { options.append(.domainNameServer, data: list(resolvers)) }
        if let mtu { options.append(.interfaceMTU, number16: mtu) }
      }
    }
    return buffer.array()
  }
}

/// A client on a bench: its clock, and what it did.
struct DHCPBench {
  static let hardware = EthernetAddress(2, 0, 0, 0, 0, 1)
  static let server = IPv4Address(10, 0, 0, 2)
  static let address = IPv4Address(10, 0, 0, 50)
  static let start = Instant(nanoseconds: 3_600_000_000_000)

  var client: DHCPClient
  var now = DHCPBench.start
  /// What the last event returned.
  var actions: [DHCPAction] = []

  init(
    previousAddress: IPv4Address? = nil, seed: UInt64 = 1,
    _ change: (inout DHCPClient.Configuration) -> Void = { _ in }
  ) {
    var configuration = DHCPClient.Configuration(hardware: Self.hardware, deviceMTU: 1500)
    configuration.previousAddress = previousAddress
    change(&configuration)
    client = DHCPClient(configuration, key: (seed, 77), at: Self.start)
  }

  var sent: SentDHCP? { SentDHCP(actions.last) }

  /// Lets time pass until the next deadline, and returns how long that was.
  @discardableResult mutating func wait() -> Duration {
    let before = now
    if client.nextDeadline > now { now = client.nextDeadline }
    actions = client.advance(to: now)
    return now - before
  }

  mutating func pass(_ duration: Duration) {
    now = now + duration
    actions = client.advance(to: now)
  }

  mutating func hear(_ bytes: [UInt8]) { actions = client.receive(bytes.span.bytes, at: now) }

  mutating func hear(
    _ type: DHCPv4MessageType, transaction: UInt32? = nil, _ change: (inout ServerWords) -> Void = { _ in }
  ) {
    var words = ServerWords()
    words.type = type
    change(&words)
    hear(words.bytes(transaction: transaction ?? client.transaction))
  }

  /// Goes all the way to a lease.
  mutating func bind(_ change: (inout ServerWords) -> Void = { _ in }) {
    while client.state != .selecting { wait() }
    hear(.offer, change)
    hear(.ack, change)
    actions = client.addressIsFree(at: now)
  }
}
