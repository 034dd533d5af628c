import Bytes
import Platform
import Testing
import Wire

@testable import NetworkStack

/// An interface's IPv6 configuration with a link around it, on a test's clock.
struct AutoconfigurationBench {
  static let hardware = EthernetAddress(2, 0, 0, 0, 0, 1)
  static let other = EthernetAddress(2, 0, 0, 0, 0, 2)
  static let router = IPv6Address("fe80::99")!
  static let prefix = IPv6Network(IPv6Address("2001:db8:0:1::")!, prefixLength: 64)

  var host: Autoconfiguration
  /// What it wanted, in order.
  var actions: [IPv6Action] = []

  init(obeysRouters: Bool = true, key: UInt64 = 1) {
    host = Autoconfiguration(
      Autoconfiguration.Configuration(
        hardware: Self.hardware, deviceMTU: 1500, identifierKey: (key, 2), obeysRouters: obeysRouters),
      key: (3, 4), at: at(seconds: 0))
  }

  /// Does all that is due until `end`, each at its time; returns what was wanted.
  @discardableResult
  mutating func run(until end: Instant) -> [IPv6Action] {
    let count = actions.count
    while host.nextDeadline <= end {
      let now = host.nextDeadline
      actions += host.advance(to: now)
      guard host.nextDeadline > now else {
        Issue.record("nothing came of a deadline")
        break
      }
    }
    return Array(actions[count...])
  }

  /// An interface that has its link-local address, a second after its start.
  static func started() -> AutoconfigurationBench {
    var bench = AutoconfigurationBench()
    bench.run(until: at(seconds: 1))
    return bench
  }

  var linkLocal: IPv6Address { host.addresses[0].address }

  mutating func hear(_ message: NeighbourMessage, at now: Instant) -> [IPv6Action] {
    host.receive(message, at: now)
  }

  /// Another host says that it has `target`.
  mutating func claim(_ target: IPv6Address, at now: Instant) -> [IPv6Action] {
    hear(
      NeighbourMessage(
        .advertisement(isRouter: false, isSolicited: false, isOverride: true), source: target,
        destination: .allNodes, target: target, hardware: Self.other), at: now)
  }

  /// The bytes of an option.
  static func option(_ type: UInt8, _ rest: [UInt8]) -> [UInt8] {
    [type, UInt8((rest.count + 2) / 8)] + rest
  }
  static func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
  static func bytes(_ address: IPv6Address) -> [UInt8] {
    [address.high, address.low].flatMap { half in (0..<8).map { UInt8(half >> (56 - 8 * UInt64($0)) & 255) } }
  }

  static func prefix(
    _ network: IPv6Network = prefix, isOnLink: Bool = true, isAutonomous: Bool = true, valid: UInt32 = 86_400,
    preferred: UInt32 = 14_400
  ) -> [UInt8] {
    let flags: UInt8 = (isOnLink ? 0x80 : 0) | (isAutonomous ? 0x40 : 0)
    return option(
      3,
      [UInt8(network.prefixLength), flags] + bytes(valid) + bytes(preferred) + bytes(0)
        + bytes(network.address))
  }

  static func resolvers(_ addresses: [IPv6Address], seconds: UInt32 = 600) -> [UInt8] {
    option(25, [0, 0] + bytes(seconds) + addresses.flatMap { bytes($0) })
  }

  /// A router's advertisement arrives.
  @discardableResult
  mutating func advertise(
    _ options: [UInt8] = [], from router: IPv6Address = router, lifetime: UInt16 = 1800, hopLimit: UInt8 = 64,
    preference: UInt8 = 0, at now: Instant
  ) throws -> [IPv6Action] {
    var header = IPv6Header(
      source: router, destination: .allNodes, protocol: .icmpv6, payloadByteCount: 16 + options.count)
    header.hopLimit = 255
    let rest = UInt32(hopLimit) << 24 | UInt32(preference) << 19 | UInt32(lifetime)
    var buffer = ByteBuffer()
    buffer.withFreeRoom(atLeast: 56 + options.count) { output in
      header.write(into: &output)
      ICMPv6Kind.other(type: NDPType.routerAdvertisement, code: 0, rest: rest).write(
        into: &output, seal: .full(pseudoHeader: header.pseudoHeader)
      ) {
        $0.append(zeros: 8)
        $0.append(contentsOf: options.span.bytes)
      }
    }
    let packet = try IPv6Packet(validating: buffer.bytes)
    let message = try ICMPv6Message(
      validating: packet.payload, checksum: .verify(pseudoHeader: packet.pseudoHeader))
    let new = host.receive(try RouterAdvertisement(validating: message, in: packet), at: now)
    actions += new
    return new
  }

  /// The address made of the prefix, if there is one.
  var made: IPv6OwnAddress? { host.addresses.first { $0.origin == .router } }
}

extension [IPv6Action] {
  var configured: [IPv6Address] {
    compactMap { if case .configure(let address) = $0 { address } else { nil } }
  }
  var probed: [IPv6Address] {
    compactMap { if case .send(let message) = $0, message.isProbe { message.target } else { nil } }
  }
  var solicitations: [RouterSolicitation] {
    compactMap { if case .solicit(let solicitation) = $0 { solicitation } else { nil } }
  }
}
