import Platform
import Testing
import Wire

@testable import SoukKit

@Suite struct LearningSwitchTests {
  private let a = EthernetAddress(2, 0, 0, 0, 0, 1)
  private let b = EthernetAddress(2, 0, 0, 0, 0, 2)
  private let c = EthernetAddress(2, 0, 0, 0, 0, 3)
  private let start = Instant(nanoseconds: 1_000_000_000)

  private func frame(
    to destination: EthernetAddress, from source: EthernetAddress, byteCount: Int = 60
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(byteCount, 14))
    for index in 0..<6 {
      bytes[index] = UInt8(truncatingIfNeeded: destination.rawValue >> UInt64(40 - 8 * index))
      bytes[6 + index] = UInt8(truncatingIfNeeded: source.rawValue >> UInt64(40 - 8 * index))
    }
    return Array(bytes.prefix(byteCount))
  }

  /// What `table` does with a frame that comes in at `port`; `time` nil is the start.
  private func forward(
    _ table: inout LearningSwitch, _ port: Int, to destination: EthernetAddress, from source: EthernetAddress,
    byteCount: Int = 60, at time: Instant? = nil
  ) -> LearningSwitch.Verdict {
    let bytes = frame(to: destination, from: source, byteCount: byteCount)
    return table.forward(bytes.span.bytes, from: port, at: time ?? start)
  }

  private func open(_ count: Int = 3, _ limits: LearningSwitch.Limits = .init()) -> LearningSwitch {
    LearningSwitch(owners: Array(repeating: nil, count: count), limits: limits)
  }

  @Test func `an unknown address goes everywhere but back, a learned one to its port alone`() {
    var table = open()
    #expect(forward(&table, 0, to: b, from: a) == .everyOther)
    #expect(forward(&table, 1, to: a, from: b) == .port(0))
    #expect(forward(&table, 0, to: b, from: a) == .port(1))
  }

  @Test func `groups go everywhere but back, however often`() {
    var table = open()
    for _ in 0..<2 {
      #expect(forward(&table, 0, to: .broadcast, from: a) == .everyOther)
      let group = EthernetAddress(0x01, 0, 0x5e, 0, 0, 1)
      #expect(forward(&table, 0, to: group, from: a) == .everyOther)
    }
  }

  @Test func `a frame never goes back where it came from`() {
    var table = open()
    _ = forward(&table, 0, to: .broadcast, from: a)
    _ = forward(&table, 0, to: .broadcast, from: b)
    #expect(forward(&table, 0, to: b, from: a) == .nowhere(.samePort))
    #expect(table.count(.samePort) == 1)
  }

  @Test func `who moves to another port is found there`() {
    var table = open()
    _ = forward(&table, 0, to: .broadcast, from: a)
    _ = forward(&table, 2, to: .broadcast, from: a)
    #expect(forward(&table, 1, to: a, from: b) == .port(2))
  }

  @Test func `an address is forgotten after its time, and with its port`() {
    var table = open()
    _ = forward(&table, 0, to: .broadcast, from: a)
    let late = start + .seconds(300)
    #expect(forward(&table, 1, to: a, from: b, at: late) == .everyOther)
    #expect(forward(&table, 0, to: b, from: a, at: late) == .port(1))
    table.forget(1)
    #expect(forward(&table, 0, to: b, from: a, at: late) == .everyOther)
  }

  @Test func `a full table carries on without learning, and learns again when addresses age`() {
    var table = open(3, .init(maximumAddressCount: 2))
    _ = forward(&table, 0, to: .broadcast, from: a)
    _ = forward(&table, 1, to: .broadcast, from: b)
    #expect(forward(&table, 2, to: a, from: c) == .port(0))
    #expect(table.addressCount == 2)
    #expect(forward(&table, 0, to: c, from: a) == .everyOther)
    let late = start + .seconds(301)
    _ = forward(&table, 2, to: .broadcast, from: c, at: late)
    #expect(forward(&table, 0, to: c, from: a, at: late) == .port(2))
  }

  @Test func `nobody sends in another's name`() {
    var table = LearningSwitch(owners: [.init(hardware: a), .init(hardware: b), nil])
    #expect(forward(&table, 0, to: .broadcast, from: b) == .nowhere(.foreignSource))
    #expect(table.addressCount == 0)
    #expect(forward(&table, 0, to: .broadcast, from: a) == .everyOther)
    #expect(forward(&table, 2, to: .broadcast, from: c) == .everyOther)
  }

  @Test(arguments: [(0x0800 as UInt16, 26), (0x0806, 28)])
  func `nobody says that its IPv4 or its ARP comes from another`(_ type: UInt16, _ offset: Int) {
    let own = IPv4Address(rawValue: 0x0a53_000b)
    var table = LearningSwitch(owners: [.init(hardware: a, address: own), nil])
    var bytes = frame(to: .broadcast, from: a)
    func say(_ value: UInt32, at offset: Int) {
      for index in 0..<4 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
      }
    }
    bytes[12] = UInt8(type >> 8)
    bytes[13] = UInt8(type & 0xff)
    // ARP's sender, at 22: the Ethernet address again.
    if type == 0x0806 { bytes.replaceSubrange(22..<28, with: bytes[6..<12]) }
    func verdict(_ byteCount: Int = 60, from port: Int = 0) -> LearningSwitch.Verdict {
      let bytes = Array(bytes[..<byteCount])
      return table.forward(bytes.span.bytes, from: port, at: start)
    }
    say(own.rawValue, at: offset)
    #expect(verdict() == .everyOther)
    #expect(verdict(29) == .nowhere(.foreignSource), "too short to say")
    say(own.rawValue + 1, at: offset)
    #expect(verdict() == .nowhere(.foreignSource))
    #expect(verdict(from: 1) == .everyOther, "that port is anybody's")
    say(0, at: offset)
    let isProbe = type == 0x0806
    #expect(verdict() == (isProbe ? .everyOther : .nowhere(.foreignSource)))
    say(own.rawValue, at: offset)
    bytes[27] ^= 1
    #expect(verdict() == .nowhere(.foreignSource), "the address, or ARP's idea of the hardware")
  }

  @Test func `what is no frame goes nowhere and is counted`() {
    var table = open(2, .init(maximumFrameByteCount: 100))
    #expect(forward(&table, 0, to: b, from: a, byteCount: 13) == .nowhere(.truncated))
    #expect(forward(&table, 0, to: b, from: a, byteCount: 101) == .nowhere(.tooLong))
    #expect(forward(&table, 0, to: b, from: a, byteCount: 100) == .everyOther)
    #expect(forward(&table, 0, to: b, from: .broadcast) == .nowhere(.badSource))
    #expect(forward(&table, 0, to: b, from: .zero) == .nowhere(.badSource))
    for last in [0, 14, 15] as [UInt8] {
      let bridge = EthernetAddress(0x01, 0x80, 0xc2, 0, 0, last)
      #expect(forward(&table, 0, to: bridge, from: a) == .nowhere(.linkLocal))
    }
    #expect(LearningSwitch.Refusal.allCases.map { table.count($0) } == [1, 1, 2, 0, 3, 0])
  }
}
