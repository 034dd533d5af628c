import Platform
import Testing

@testable import NetworkStack

@Suite struct `Happy eyeballs (RFC 8305)` {
  private static let six = (1...3).map { IPAddress.v6(0xfd00 << 48, UInt64($0)) }
  private static let four = (1...3).map { IPAddress.v4(0x0a00_0000 + UInt32($0)) }

  private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  @Test func `begin with IPv6, take turns, and wait 250 ms between attempts`() {
    var eyeballs = HappyEyeballs(asksIPv6: true, asksIPv4: true)
    #expect(eyeballs.next(at: at(0)) == .wait(until: .never))
    eyeballs.found(Self.six, isIPv6: true, at: at(10))
    // An answer of IPv6 is not kept waiting for one of IPv4.
    #expect(eyeballs.next(at: at(10)) == .attempt(Self.six[0]))
    #expect(eyeballs.next(at: at(10)) == .wait(until: at(260)))
    eyeballs.found(Self.four, isIPv6: false, at: at(20))
    #expect(eyeballs.next(at: at(20)) == .wait(until: at(260)))
    for (index, address) in [Self.four[0], Self.six[1], Self.four[1], Self.six[2], Self.four[2]].enumerated()
    {
      let now = UInt64(index) * 250 + 260
      #expect(eyeballs.next(at: at(now)) == .attempt(address))
      if index < 4 { #expect(eyeballs.next(at: at(now)) == .wait(until: at(now + 250))) }
    }
    #expect(eyeballs.next(at: at(5_000)) == .wait(until: .never))
  }

  @Test func `let IPv4 wait 50 ms for an answer of IPv6, and no longer`() {
    var eyeballs = HappyEyeballs(asksIPv6: true, asksIPv4: true)
    eyeballs.found(Self.four, isIPv6: false, at: at(10))
    #expect(eyeballs.next(at: at(10)) == .wait(until: at(60)))
    var late = eyeballs
    #expect(late.next(at: at(60)) == .attempt(Self.four[0]))
    late.found(Self.six, isIPv6: true, at: at(100))
    #expect(late.next(at: at(310)) == .attempt(Self.six[0]))
    eyeballs.found(Self.six, isIPv6: true, at: at(40))
    #expect(eyeballs.next(at: at(40)) == .attempt(Self.six[0]))
  }

  @Test func `do not wait for IPv6 when there is none, or when nobody asks for it`() {
    var eyeballs = HappyEyeballs(asksIPv6: true, asksIPv4: true)
    eyeballs.found(Self.four, isIPv6: false, at: at(10))
    eyeballs.found([], isIPv6: true, at: at(11))
    #expect(eyeballs.next(at: at(11)) == .attempt(Self.four[0]))
    var without = HappyEyeballs(asksIPv6: false, asksIPv4: true)
    without.found(Self.four, isIPv6: false, at: at(10))
    #expect(without.next(at: at(10)) == .attempt(Self.four[0]))
  }

  @Test func `go on at once when an attempt fails, and fail when the last one did`() {
    var eyeballs = HappyEyeballs(asksIPv6: true, asksIPv4: true)
    eyeballs.found([Self.six[0]], isIPv6: true, at: at(0))
    eyeballs.found([Self.four[0]], isIPv6: false, at: at(0))
    #expect(eyeballs.next(at: at(0)) == .attempt(Self.six[0]))
    eyeballs.attemptFailed()
    #expect(eyeballs.next(at: at(5)) == .attempt(Self.four[0]))
    #expect(eyeballs.next(at: at(5)) == .wait(until: .never))
    eyeballs.attemptFailed()
    #expect(eyeballs.next(at: at(9)) == .fail)
  }

  @Test func `fail when the name has no address`() {
    var eyeballs = HappyEyeballs(asksIPv6: true, asksIPv4: true)
    eyeballs.found([], isIPv6: true, at: at(0))
    #expect(eyeballs.next(at: at(0)) == .wait(until: .never))
    eyeballs.found([], isIPv6: false, at: at(0))
    #expect(eyeballs.next(at: at(0)) == .fail)
  }
}
