import MachineTesting
import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A forged DNS answer` {
  private let poison = IPv4Address(66, 6, 6, 6)
  private let name = "shop.example.test"

  /// A resolver that has asked, and the answer it waits for.
  private func asked(seed: UInt64 = 1) -> (DNSBench, [UInt8]) {
    var bench = DNSBench(seed: seed)
    bench.ask(name)
    return (bench, DNSResponse(.a(name, poison)).bytes(to: bench.asked.payload))
  }

  @Test func `is dropped and counted when anything of it is not as asked, and the true one still counts`() {
    var (bench, bytes) = asked()
    func count(_ reason: DNSRefusal, _ expected: UInt64, _ line: SourceLocation = #_sourceLocation) {
      #expect(bench.actions.isEmpty, sourceLocation: line)
      #expect(bench.resolver.refusals[reason] == expected, sourceLocation: line)
    }
    bench.hear(bytes, to: bench.asked.port ^ 1)
    count(.unasked, 1)
    bench.hear(bytes, from: DNSBench.servers[1])
    count(.otherServer, 1)
    bench.hear(bytes, sourcePort: 5353)
    count(.otherPort, 1)
    bench.hear(Array(bytes.dropLast()))
    count(.malformed, 1)
    bench.hear(bytes + [UInt8](repeating: 0, count: 512))
    count(.oversized, 1)
    var changed = bytes
    changed[1] ^= 1
    bench.hear(changed)
    count(.otherTransaction, 1)
    bench.hear(bench.asked.payload)
    count(.notAResponse, 1)
    var response = DNSResponse(.a(name, poison))
    response.operation = 4
    bench.hear(response.bytes(to: bench.asked.payload))
    count(.notAResponse, 2)
    // The letters' case, the type, the class, the name itself.
    let end = bench.asked.payload.count
    for (index, bit) in [(13, 0x20), (end - 3, 2), (end - 1, 2), (14, 1)] as [(Int, UInt8)] {
      changed = bytes
      changed[index] ^= bit
      bench.hear(changed)
    }
    count(.otherQuestion, 4)
    changed = bytes
    changed[5] = 0
    bench.hear(changed)
    #expect(bench.actions.isEmpty)
    bench.hear(DNSResponse(.a(name, DNSBench.address)))
    #expect(bench.addresses == [DNSBench.address])
    bench.hear(bytes)
    count(.unasked, 2)
  }

  @Test func `after 15 others makes the query change its id, port and server`() {
    var (bench, bytes) = asked()
    let first = bench.asked!
    bytes[0] ^= 1
    for _ in 1..<DNSResolver.maximumForgeryCount {
      bench.hear(bytes)
      #expect(bench.actions.isEmpty)
    }
    bench.hear(bytes)
    #expect(bench.actions.first == .close(port: first.port) && bench.asked.server == DNSBench.servers[1])
    #expect(bench.asked.port != first.port && bench.asked.id != first.id)
    bench.hear(DNSResponse(.a(name, DNSBench.address)))
    #expect(bench.addresses == [DNSBench.address])
  }

  @Test func `from elsewhere than the server moves nothing`() {
    var (bench, bytes) = asked()
    for _ in 0..<100 {
      bench.hear(bytes, from: IPv6Address(mapped: poison))
      bench.hear(bytes, sourcePort: 54)
    }
    #expect(bench.resolver.refusals[.otherServer] == 100 && bench.resolver.refusals[.otherPort] == 100)
    #expect(bench.resolver.sentCount == 1)
  }

  @Test func `must guess ports, ids and letters' case that do not repeat`() {
    var (ports, ids, names) = (Set<UInt16>(), Set<UInt16>(), Set<String>())
    for seed in 0..<1000 as Range<UInt64> {
      let (bench, _) = asked(seed: seed)
      ports.insert(bench.asked.port)
      ids.insert(bench.asked.id)
      names.insert(bench.asked.name)
    }
    // Of 2^14, 2^16 and 2^15: about 970, 992 and 985 different ones.
    #expect(ports.count > 940 && ids.count > 975 && names.count > 960)
  }

  @Test func `needs no letters' case for servers that do not keep it`() {
    var bench = DNSBench(mixesCase: false)
    bench.ask("SHOP.Example.test")
    #expect(bench.asked.name == name)
  }

  /// Somebody off the path knows the name, the servers and when to try, and guesses the rest.
  @Test(arguments: 0..<20 as Range<UInt64>) func `does not get in by guessing`(seed: UInt64) {
    let random = SeededEntropy(seed: seed)
    var bench = DNSBench(seed: seed)
    bench.ask(name)
    for round in 0..<2000 {
      guard bench.resolver.queryCount > 0 else { break }
      var bytes = DNSResponse(.a(name, poison)).bytes(to: bench.asked.payload)
      (bytes[0], bytes[1]) = (
        UInt8(truncatingIfNeeded: random.next()), UInt8(truncatingIfNeeded: random.next())
      )
      for index in 13..<bench.asked.payload.count - 4 where bytes[index] > 64 {
        bytes[index] = bytes[index] & 0xdf | UInt8(random.next() & 0x20)
      }
      // Half of them even know the port.
      let port = round % 2 == 0 ? bench.asked.port : UInt16(truncatingIfNeeded: random.next()) | 0xc000
      bench.hear(bytes, from: DNSBench.servers[Int(random.next() % 3)], to: port)
      #expect(bench.addresses == nil, "seed \(seed)")
      if round % 500 == 499 { bench.wait() }
    }
    #expect(bench.known(name) != .success([IPAddress(poison)]), "seed \(seed)")
  }

  @Test func `of any one bit less or more is read without a trap`() {
    var template = DNSResponse(
      .cname(name, "a.cdn.test"), .a("a.cdn.test", poison), .aaaa("a.cdn.test", last: 1),
      .cname("a.cdn.test", "b.cdn.test"))
    template.authority = [.soa("cdn.test"), .ns("cdn.test")]
    template.additional = [.a("ns.cdn.test", poison)]
    for kind in 0..<3 {
      var response = template
      if kind > 0 { response.answers.removeSubrange(1...) }
      if kind > 1 { response.code = 3 }
      var (bench, _) = asked()
      let bytes = response.bytes(to: bench.asked.payload)
      for bit in 0..<bytes.count * 8 {
        var flipped = bytes
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        var copy = bench
        copy.hear(flipped)
        // The id, the question and their count are not to be touched.
        let isFixed =
          bit / 8 < 2 || (bit / 8 == 4 || bit / 8 == 5) || (12..<bench.asked.payload.count).contains(bit / 8)
        if isFixed { #expect(copy.actions.isEmpty, "bit \(bit)") }
        #expect(copy.resolver.queryCount + (copy.outcome == nil ? 0 : 1) == 1, "bit \(bit)")
      }
      for count in 0..<bytes.count {
        bench.hear(Array(bytes[..<count]), to: bench.asked.port)
        if bench.resolver.queryCount == 0 { break }
      }
      #expect(bench.addresses == nil)
    }
  }
}
