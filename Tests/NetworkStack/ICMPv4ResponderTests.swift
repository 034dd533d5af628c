import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `An ICMP responder` {
  private func error(
    _ bytes: [UInt8], scope: PacketScope = .unicast, _ responder: inout ICMPv4Responder
  ) throws -> ICMPv4Verdict {
    let packet = try IPv4Packet(validating: bytes.span.bytes)
    return responder.error(about: packet, scope: scope, at: at(seconds: 1))
  }

  private func error(_ bytes: [UInt8], scope: PacketScope = .unicast) throws -> ICMPv4Verdict {
    var responder = ICMPv4Responder()
    return try error(bytes, scope: scope, &responder)
  }

  @Test func `has a counter for every reason`() {
    #expect(ICMPv4Silence.allCases.allSatisfy { ICMPv4Responder().count(of: $0) == 0 })
  }

  @Test func `quotes a short packet whole`() throws {
    let verdict = try error(ipv4([1, 2, 3]))
    #expect(verdict == .quote(byteCount: 23))
  }

  @Test func `quotes a long packet so that the error has 576 bytes (RFC 1812 §4.3.2.3)`() throws {
    let verdict = try error(ipv4([UInt8](repeating: 0, count: 1480)))
    #expect(verdict == .quote(byteCount: 548))
    #expect(ICMPv4Responder.maximumQuoteByteCount + 28 == 576)
  }

  @Test(arguments: [3, 4, 5, 11, 12, 42] as [UInt8])
  func `sends no error about an ICMP error or an unknown message`(type: UInt8) throws {
    let verdict = try error(ipv4(.icmp, [type, 0, 0, 0, 0, 0, 0, 0]))
    #expect(verdict == .silent(.aboutError))
  }

  @Test func `sends no error about an ICMP packet too short to tell`() throws {
    let verdict = try error(ipv4(.icmp, []))
    #expect(verdict == .silent(.aboutError))
  }

  @Test func `may send an error about an echo request`() throws {
    let verdict = try error(ipv4(.icmp, [8, 0, 0, 0, 0, 0, 0, 0]))
    #expect(verdict == .quote(byteCount: 28))
  }

  @Test(arguments: [IPv4Address.broadcast, IPv4Address(224, 0, 0, 1)])
  func `sends no error about a packet to a group`(destination: IPv4Address) throws {
    let verdict = try error(ipv4(to: destination, [1]))
    #expect(verdict == .silent(.toGroup))
  }

  @Test func `sends no error about a packet to a directed broadcast or in a broadcast frame`() throws {
    var scope = PacketScope.unicast
    scope.isBroadcastDestination = true
    let directed = try error(ipv4([1]), scope: scope)
    #expect(directed == .silent(.toGroup))
    scope = .unicast
    scope.isLinkGroup = true
    let framed = try error(ipv4([1]), scope: scope)
    #expect(framed == .silent(.toGroup))
  }

  @Test func `sends no error about a later fragment but about the first`() throws {
    let later = try error(ipv4([1, 2]) { $0.fragmentByteOffset = 8 })
    #expect(later == .silent(.laterFragment))
    let first = try error(ipv4([UInt8](repeating: 0, count: 8)) { $0.moreFragments = true })
    #expect(first == .quote(byteCount: 28))
  }

  @Test(arguments: [
    IPv4Address.unspecified, IPv4Address(0, 1, 2, 3), .loopback, .broadcast, IPv4Address(239, 1, 1, 1),
    IPv4Address(240, 0, 0, 1),
  ]) func `sends nothing to a source that is no single host`(source: IPv4Address) throws {
    let verdict = try error(ipv4(from: source, [1]))
    #expect(verdict == .silent(.sourceNotHost))
  }

  @Test func `sends nothing to the broadcast address of its network`() throws {
    var scope = PacketScope.unicast
    scope.isBroadcastSource = true
    let verdict = try error(ipv4(from: IPv4Address(10, 0, 0, 255), [1]), scope: scope)
    #expect(verdict == .silent(.sourceNotHost))
  }

  @Test func `limits the rate of errors and counts what it kept back`() throws {
    var responder = ICMPv4Responder()
    let packet = ipv4([1])
    for _ in 0..<ICMPv4Responder.errorBurst {
      let verdict = try error(packet, &responder)
      #expect(verdict == .quote(byteCount: 21))
    }
    let verdict = try error(packet, &responder)
    #expect(verdict == .silent(.rateLimited))
    #expect(responder.errorCount == UInt64(ICMPv4Responder.errorBurst))
    #expect(responder.count(of: .rateLimited) == 1)
    let view = try IPv4Packet(validating: packet.span.bytes)
    let later = responder.error(about: view, scope: .unicast, at: at(seconds: 2))
    #expect(later == .quote(byteCount: 21))
  }

  @Test func `spends no rate on what it may not answer`() throws {
    var responder = ICMPv4Responder()
    for _ in 0..<1000 { _ = try error(ipv4(.icmp, [3, 3, 0, 0, 0, 0, 0, 0]), &responder) }
    let verdict = try error(ipv4([1]), &responder)
    #expect(verdict == .quote(byteCount: 21))
    #expect(responder.count(of: .aboutError) == 1000)
  }

  @Test func `echoes to one host and not to groups`() throws {
    var responder = ICMPv4Responder()
    let request = ipv4(.icmp, [8, 0, 0, 0, 0, 0, 0, 0])
    let view = try IPv4Packet(validating: request.span.bytes)
    let answer = responder.echo(to: view, scope: .unicast, at: at(seconds: 1))
    #expect(answer == .echo)
    var scope = PacketScope.unicast
    scope.isBroadcastDestination = true
    let broadcast = responder.echo(to: view, scope: scope, at: at(seconds: 1))
    #expect(broadcast == .silent(.toGroup))
    #expect(responder.echoCount == 1 && responder.count(of: .toGroup) == 1)
  }

  @Test func `limits the rate of echo replies apart from errors`() throws {
    var responder = ICMPv4Responder()
    let request = ipv4(.icmp, [8, 0, 0, 0, 0, 0, 0, 0])
    let view = try IPv4Packet(validating: request.span.bytes)
    var count = 0
    for _ in 0..<ICMPv4Responder.echoBurst + 5
    where responder.echo(to: view, scope: .unicast, at: at(seconds: 1)) == .echo { count += 1 }
    #expect(count == ICMPv4Responder.echoBurst)
    let verdict = try error(ipv4([1]), &responder)
    #expect(verdict == .quote(byteCount: 21))
  }
}
