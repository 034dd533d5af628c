import Bytes
import Testing
import Wire
import WireWalk

@Suite struct CaptureTests {
  /// What stands in each capture, by frame, innermost.
  @Test(arguments: [
    ("arp", Walk.Format.arp), ("curl", .tcp), ("dhcp", .dhcp), ("dns", .dns), ("fragments", .ipv4),
    ("ipv6-fragments", .ipv6), ("ping", .icmp), ("refused", .tcp), ("sack", .tcp),
  ]) func `every frame is read to its end, and its checksums are right`(name: String, innermost: Walk.Format)
  {
    for (index, frame) in Capture(name).frames.enumerated() {
      let walk = Walk(frame: frame.span.bytes, isTrusting: false)
      #expect(walk.error == nil, "frame \(index)")
      #expect(walk.formats.last == innermost, "frame \(index)")
    }
  }

  @Test func `each error quotes the packet before it`() {
    let walks = Capture("icmp-errors").frames.map { Walk(frame: $0.span.bytes, isTrusting: false) }
    #expect(walks.allSatisfy { $0.error == nil })
    #expect(
      walks.map { $0.formats.last } == [
        .udp, .quote, .udp, .quote, .udp, .quote, .icmp, .quote, .icmp, .icmp,
      ])
  }

  @Test func `frames of IPv6 are read to their end`() {
    let walks = (Capture("ndp").frames + Capture("ipv6").frames).map {
      Walk(frame: $0.span.bytes, isTrusting: false)
    }
    #expect(walks.allSatisfy { $0.error == nil })
    // Multicast listener reports, which nobody here reads, stand behind hop-by-hop options.
    #expect(
      walks.map { $0.formats.last } == [
        .icmpv6, .neighbour, .icmpv6, .icmpv6, .router, .icmpv6, .neighbour, .neighbour, .icmpv6, .icmpv6,
        .icmpv6, .router, .icmpv6, .neighbour, .neighbour, .icmpv6, .icmpv6, .udp, .quote, .tcp, .tcp,
        .icmpv6,
        .quote,
      ])
  }

  @Test(arguments: Capture.all) func `every prefix is read without a trap`(capture: Capture) {
    for frame in capture.frames {
      for count in 0..<frame.count {
        let short = Array(frame[..<count])
        let walk = Walk(frame: short.span.bytes, isTrusting: true)
        // Only Ethernet's padding may be cut unnoticed; these captures have it nowhere.
        #expect(walk.error != nil, "\(count) bytes")
        _ = Walk(asEverything: short.span.bytes)
        _ = Walk(asEverything: short.span.bytes.extracting(min(14, count)..<count))
        _ = Walk(asEverything: short.span.bytes.extracting(min(34, count)..<count))
        _ = Walk(asEverything: short.span.bytes.extracting(min(42, count)..<count))
      }
    }
  }

  @Test(arguments: Capture.all) func `every flipped bit is read without a trap`(capture: Capture) {
    for frame in capture.frames {
      var changed = frame
      for bit in 0..<frame.count * 8 {
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        _ = Walk(frame: changed.span.bytes, isTrusting: true)
        _ = Walk(frame: changed.span.bytes, isTrusting: false)
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }

  @Test(arguments: ["curl", "ping", "dns", "refused", "sack"])
  func `no flipped bit behind Ethernet's header passes the checksums`(name: String) {
    for frame in Capture(name).frames {
      var changed = frame
      for bit in 14 * 8..<frame.count * 8 {
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        // A flip may name another protocol than TCP, UDP or ICMP: the header's checksum sees that too.
        #expect(Walk(frame: changed.span.bytes, isTrusting: false).error != nil, "bit \(bit)")
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }
}
