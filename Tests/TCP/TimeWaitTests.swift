import Platform
import Testing
import Wire

@testable import TCP

@Suite struct `TIME-WAIT` {
  private struct Case {
    var wait: TimeWait
    let script: Script

    init(_ offer: Script.Offer = .plain) throws {
      script = try Script.established(offer)
      script.finish()
      try script.peer([.ack, .fin], 1, ack: 2)
      #expect(script.state == .timeWait)
      wait = TimeWait(script.connection, at: script.now)
    }

    mutating func answer(
      _ flags: TCPFlags, _ place: Int, ack: Int = 2, clock: UInt32? = nil, after milliseconds: Int = 0
    ) throws -> TimeWait.Answer {
      var header = TCPHeader(
        sourcePort: 4321, destinationPort: 80, sequenceNumber: script.theirStart + place,
        acknowledgementNumber: script.ourStart + ack, flags: flags, window: 1000)
      if let clock {
        header.options.timestamps = TCPTimestamps(
          value: UInt32(truncatingIfNeeded: script.now.nanoseconds / 1_000_000) &+ 900 &+ clock, echo: 0)
      }
      let now = script.now.advanced(byNanoseconds: UInt64(milliseconds) * 1_000_000)
      return try Datagram(header).parsed { wait.receive($0, at: now) }
    }

    mutating func isReopened(_ place: Int, clock: UInt32? = nil) throws -> Bool {
      if case .reopen = try answer(.syn, place, clock: clock) { return true }
      return false
    }
  }

  @Test func `lasts 60 s`() throws {
    let waiting = try Case()
    #expect(waiting.wait.until == waiting.script.now.advanced(byNanoseconds: 60_000_000_000))
  }

  @Test func `acknowledges a FIN that comes again, and begins anew (RFC 9293 §3.10.7.4)`() throws {
    var waiting = try Case()
    guard case .send(let header) = try waiting.answer([.ack, .fin], 1, after: 1000) else {
      Issue.record("no answer")
      return
    }
    #expect(header.flags == .ack && header.sequenceNumber == waiting.script.ourStart + 2)
    #expect(header.acknowledgementNumber == waiting.script.theirStart + 2)
    #expect(waiting.wait.until == waiting.script.now.advanced(byNanoseconds: 61_000_000_000))
  }

  @Test func `is not ended by RST (RFC 1337 §3), and does not answer ACKs`() throws {
    var waiting = try Case()
    for flags in [TCPFlags.rst, [.rst, .ack], .ack, [], .fin] {
      guard case .drop = try waiting.answer(flags, 2) else {
        Issue.record("answered \(flags)")
        continue
      }
    }
  }

  @Test func `gives way to a SYN beyond the last number (RFC 1122 §4.2.2.13)`() throws {
    for place in [2, 3, 100_000, 1 << 30] {
      var waiting = try Case()
      #expect(try waiting.isReopened(place))
    }
    for place in [1, 0, -1000, 1 << 31 + 5] {
      var waiting = try Case()
      #expect(try !waiting.isReopened(place))
    }
  }

  @Test func `gives way to a SYN with a newer timestamp, and only then (RFC 6191 §2)`() throws {
    var waiting = try Case(.timestamps)
    #expect(try !waiting.isReopened(1000, clock: 0 &- 1))
    #expect(try !waiting.isReopened(1, clock: 0))
    #expect(try waiting.isReopened(1000, clock: 0))
    #expect(try waiting.isReopened(-1000, clock: 1))
    #expect(try waiting.isReopened(1000))
  }

  @Test func `answers an older SYN, and a SYN-ACK, with its ACK`() throws {
    var waiting = try Case()
    for flags in [TCPFlags.syn, [.syn, .ack]] {
      guard case .send(let header) = try waiting.answer(flags, 0) else {
        Issue.record("no answer")
        continue
      }
      #expect(header.flags == .ack)
    }
  }

  @Test func `has the timestamps of its connection`() throws {
    var waiting = try Case(.timestamps)
    guard case .send(let header) = try waiting.answer([.ack, .fin], 1, clock: 0) else {
      Issue.record("no answer")
      return
    }
    #expect(header.options.timestamps != nil)
  }
}

@Suite struct `RST for nobody (RFC 9293 §3.10.7.1)` {
  private func answer(_ flags: TCPFlags, _ payload: [UInt8] = []) throws -> TCPHeader? {
    let header = TCPHeader(
      sourcePort: 1, destinationPort: 2, sequenceNumber: SequenceNumber(.max),
      acknowledgementNumber: SequenceNumber(700), flags: flags, window: 1)
    return try Datagram(header, payload).parsed { TCPHeader(resetting: $0) }
  }

  @Test func `takes its number from the ACK`() throws {
    let header = try #require(try answer(.ack))
    #expect(header.flags == .rst && header.sequenceNumber.rawValue == 700)
    #expect(header.sourcePort == 2 && header.destinationPort == 1)
  }

  @Test func `or acknowledges all of a segment without one, also across 2^32`() throws {
    let header = try #require(try answer([.syn, .fin], [1, 2, 3]))
    #expect(header.flags == [.rst, .ack] && header.sequenceNumber.rawValue == 0)
    #expect(header.acknowledgementNumber.rawValue == 4)
  }

  @Test func `does not answer RST`() throws {
    #expect(try answer(.rst) == nil)
    #expect(try answer([.rst, .ack, .syn]) == nil)
  }
}
