import Platform
import Testing
import Wire

@testable import SoukKit

@Suite struct NeighbourGuardTests {
  private let own = IPv6Address("fd53:6f75:6b00::11")!
  private let other = IPv6Address("fd53:6f75:6b00::12")!
  private let onLink = IPv6Address("fe80::4bff:fe4b:1")!
  private let nobody = IPv6Address(high: 0, low: 0)

  /// An Ethernet frame of IPv6 with `header` next; of ICMPv6, a message of `type` about `target`.
  private func frame(
    from source: IPv6Address, _ header: UInt8, type: UInt8 = 0, target: IPv6Address? = nil,
    byteCount: Int = 86
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 86)
    (bytes[12], bytes[13], bytes[14], bytes[20]) = (0x86, 0xdd, 0x60, header)
    func put(_ address: IPv6Address, _ offset: Int) {
      for index in 0..<8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: address.high >> UInt64(56 - 8 * index))
        bytes[offset + 8 + index] = UInt8(truncatingIfNeeded: address.low >> UInt64(56 - 8 * index))
      }
    }
    put(source, 22)
    bytes[54] = type
    if let target { put(target, 62) }
    return Array(bytes.prefix(byteCount))
  }

  private func allows(_ bytes: [UInt8]) -> Bool { NeighbourGuard(own: own).allows(bytes.span.bytes) }

  @Test(arguments: [6, 17, 58] as [UInt8])
  func `what comes from the machine goes on, what comes from another does not`(
    header: UInt8
  ) {
    #expect(allows(frame(from: own, header, type: 128)))
    #expect(allows(frame(from: onLink, header, type: 128)))
    #expect(!allows(frame(from: other, header, type: 128)))
    #expect(!allows(frame(from: nobody, header, type: 128)))
  }

  @Test func `a machine advertises its own addresses only`() {
    #expect(allows(frame(from: own, 58, type: 136, target: own)))
    #expect(allows(frame(from: own, 58, type: 136, target: onLink)))
    #expect(!allows(frame(from: own, 58, type: 136, target: other)))
    #expect(!allows(frame(from: onLink, 58, type: 136, target: other)))
  }

  @Test func `it may ask for everybody, and from nobody only whether its own address is free`() {
    #expect(allows(frame(from: own, 58, type: 135, target: other)))
    #expect(allows(frame(from: nobody, 58, type: 135, target: own)))
    #expect(!allows(frame(from: nobody, 58, type: 135, target: other)))
    #expect(allows(frame(from: nobody, 58, type: 133)))
  }

  @Test(arguments: [134, 137] as [UInt8]) func `it is no router`(type: UInt8) {
    #expect(!allows(frame(from: onLink, 58, type: type)))
  }

  @Test(arguments: [0, 43, 44, 51, 60, 59, 255] as [UInt8]) func `nothing hides behind another header`(
    header: UInt8
  ) {
    #expect(!allows(frame(from: own, header)))
  }

  @Test func `half a header says nothing`() {
    for byteCount in 0..<54 { #expect(!allows(frame(from: own, 6, byteCount: byteCount))) }
    for byteCount in 54..<62 { #expect(!allows(frame(from: own, 58, type: 128, byteCount: byteCount))) }
    for byteCount in 62..<78 {
      #expect(!allows(frame(from: own, 58, type: 136, target: own, byteCount: byteCount)))
    }
  }

  @Test func `a switch takes either family of a machine only if it has an address of it`() {
    let hardware = EthernetAddress(2, 0, 0, 0, 0, 1)
    func verdict(_ owner: LearningSwitch.Owner) -> LearningSwitch.Verdict {
      var table = LearningSwitch(owners: [owner, nil])
      var bytes = frame(from: own, 6)
      (bytes[6], bytes[11]) = (2, 1)
      return table.forward(bytes.span.bytes, from: 0, at: Instant(nanoseconds: 0))
    }
    #expect(verdict(.init(hardware: hardware, address6: own)) == .everyOther)
    #expect(verdict(.init(hardware: hardware, address6: other)) == .nowhere(.foreignSource))
    #expect(
      verdict(.init(hardware: hardware, address: IPv4Address("10.83.0.11"))) == .nowhere(.foreignSource))
    #expect(verdict(.init(hardware: hardware)) == .everyOther)
  }
}
