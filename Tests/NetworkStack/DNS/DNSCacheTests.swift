import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A DNS cache` {
  private let address = DNSBench.address
  private let start = DNSBench.start

  private func knows(_ name: String, _ cache: inout DNSCache, after duration: Duration = .zero) -> Bool {
    guard let question = DNSHostName(name, .a) else { return false }
    return cache.find(question, at: start + duration) != nil
  }
  private func question(_ name: String) throws -> DNSHostName { try #require(DNSHostName(name, .a)) }

  /// A resolver that was told this answer, and for how long it holds.
  private func told(_ response: DNSResponse, of name: String = "shop.test") -> (DNSBench, Duration) {
    var bench = DNSBench()
    bench.ask(name)
    bench.hear(response)
    var copy = bench
    var seconds = 0
    while copy.known(name) != nil, seconds < 200_000 {
      seconds += seconds < 4000 ? 1 : 100
      copy.now = DNSBench.start + .seconds(seconds)
    }
    return (bench, .seconds(seconds))
  }

  @Test func `keeps an answer as long as its shortest record, and a day at most`() {
    for (given, kept) in [
      (0, 0), (1, 1), (300, 300), (86400, 86400), (86401, 86400), (0x7fff_ffff, 86400), (0x8000_0000, 0),
    ] as [(UInt32, Int)] {
      let (bench, life) = told(DNSResponse(.a("shop.test", address, seconds: given)))
      #expect(bench.life == .seconds(kept) && life == .seconds(kept))
    }
    let (_, life) = told(
      DNSResponse(
        .a("shop.test", address, seconds: 90), .a("shop.test", IPv4Address(192, 0, 2, 2), seconds: 30)))
    #expect(life == .seconds(30))
  }

  @Test func `keeps that there is nothing as the zone says, and an hour at most`() {
    for code in [0, 3] as [UInt8] {
      for (seconds, minimum, kept) in [(300, 60, 60), (60, 300, 60), (0, 300, 0), (86400, 86400, 3600)]
        as [(UInt32, UInt32, Int)]
      {
        var response = DNSResponse()
        response.code = code
        response.authority = [.soa("test", seconds: seconds, minimum: minimum)]
        let (bench, life) = told(response)
        #expect(life == .seconds(kept))
        #expect(bench.failure == (code == 3 ? .noSuchName : .noAddress))
      }
    }
  }

  @Test func `believes only the name's own zone that there is nothing`() {
    for (zone, isKept) in [
      ("test", true), ("shop.test", true), ("", true), ("op.test", false), ("other", false),
      ("www.shop.test", false),
    ] {
      var response = DNSResponse()
      response.code = 3
      response.authority = [.soa(zone)]
      let (_, life) = told(response)
      #expect((life > .zero) == isKept, "\(zone)")
    }
    // Nor a SOA record among the answers or additions, nor one that is cut short.
    var response = DNSResponse(.soa("test"))
    response.code = 3
    response.additional = [.soa("test")]
    response.authority = [.init(name: "test", type: 6, seconds: 300, data: [0, 0, 0, 0, 1, 0])]
    #expect(told(response).1 == .zero)
  }

  @Test func `starts with another address each time`() {
    let hosts = (1...3).map { IPv4Address(192, 0, 2, $0) }
    var response = DNSResponse()
    response.answers = hosts.map { .a("shop.test", $0) }
    var (bench, _) = told(response)
    #expect(bench.addresses == hosts)
    var firsts: [IPAddress] = []
    for _ in 0..<6 {
      guard case .success(let addresses) = bench.known("shop.test") else { continue }
      #expect(Set(addresses) == Set(hosts.map { IPAddress($0) }))
      firsts.append(addresses[0])
    }
    #expect(firsts == [hosts[1], hosts[2], hosts[0], hosts[1], hosts[2], hosts[0]].map { IPAddress($0) })
  }

  @Test func `has 16 addresses for a name at most, each once`() {
    var response = DNSResponse()
    response.answers = (1...17).map { .a("a.b", IPv4Address(192, 0, 2, max($0, 2))) }
    let (bench, _) = told(response, of: "a.b")
    #expect(bench.addresses == (2...17).map { IPv4Address(192, 0, 2, $0) })
    response.answers = (1...20).map { .a("a.b", IPv4Address(192, 0, 2, $0)) }
    let (full, _) = told(response, of: "a.b")
    #expect(full.addresses?.count == DNSResolver.maximumAddressCount)
  }

  @Test func `has 256 names at most, and loses first what expires first`() throws {
    var cache = DNSCache(limit: DNSResolver.maximumCacheEntryCount)
    func add(_ name: String, seconds: Int) throws {
      let expiry = start + .seconds(seconds)
      let answer = DNSAnswer(addresses: [.loopback], expiry: expiry)
      cache.insert(.success(answer), for: try question(name), until: expiry, at: start)
    }
    for index in 0..<DNSResolver.maximumCacheEntryCount { try add("n\(index)", seconds: 1000 - index) }
    #expect(cache.count == DNSResolver.maximumCacheEntryCount)
    try add("n0", seconds: 1001)
    #expect(
      cache.count == DNSResolver.maximumCacheEntryCount && knows("n255", &cache))
    try add("more", seconds: 5)
    #expect(cache.count == DNSResolver.maximumCacheEntryCount)
    #expect(
      !knows("n255", &cache) && knows("n254", &cache)
    )
    try add("last", seconds: 2000)
    #expect(
      !knows("more", &cache) && knows("last", &cache)
    )
  }

  @Test func `loses the same one of several in every run`() throws {
    for _ in 0..<5 {
      var cache = DNSCache(limit: 4)
      for name in ["d", "b", "a", "c", "e"] {
        cache.insert(.failure(.noSuchName), for: try question(name), until: start + .seconds(9), at: start)
      }
      #expect(
        !knows("a", &cache) && knows("b", &cache))
    }
  }

  @Test func `of no names keeps nothing, and one that expired is gone`() throws {
    var none = DNSCache(limit: 0)
    none.insert(.failure(.noSuchName), for: try question("a"), until: start + .seconds(9), at: start)
    #expect(none.count == 0)
    var cache = DNSCache(limit: 4)
    cache.insert(.failure(.noSuchName), for: try question("a"), until: start + .seconds(9), at: start)
    #expect(!knows("a", &cache, after: .seconds(9)) && cache.count == 0)
  }
}
