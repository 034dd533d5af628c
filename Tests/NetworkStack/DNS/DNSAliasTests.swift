import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A DNS alias` {
  private let address = DNSBench.address

  @Test func `is followed within an answer, in whatever order its records stand`() {
    let records: [DNSResponse.Record] = [
      .cname("www.test", "shop.test", seconds: 200), .cname("shop.test", "Host.CDN.test", seconds: 100),
      .a("host.cdn.test", address),
    ]
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
      var bench = DNSBench()
      bench.ask("www.test")
      var response = DNSResponse()
      response.answers = order.map { records[$0] }
      bench.hear(response)
      #expect(bench.addresses == [address] && bench.life == .seconds(100))
      #expect(bench.known("www.test") == .success([IPAddress(address)]))
    }
  }

  @Test func `says nothing of the names it leads over`() {
    var bench = DNSBench()
    bench.ask("www.test")
    var response = DNSResponse(
      .cname("www.test", "bank.test"), .a("bank.test", address), .a("other.test", address))
    response.additional = [.a("ns.test", address)]
    bench.hear(response)
    #expect(bench.addresses == [address])
    for name in ["bank.test", "other.test", "ns.test"] { #expect(bench.known(name) == nil) }
  }

  @Test func `does not lend its name to addresses of others`() {
    var bench = DNSBench()
    bench.ask("www.test")
    var response = DNSResponse(.a("other.test", address), .cname("other.test", "www.test"))
    response.additional = [.a("www.test", address)]
    bench.hear(response)
    #expect(bench.failure == .noAddress)
  }

  @Test func `is asked about when the answer ends with it`() {
    var bench = DNSBench()
    let id = bench.ask("www.test")
    let port = bench.asked.port
    bench.hear(DNSResponse(.cname("www.test", "shop.cdn.test", seconds: 60)))
    #expect(bench.actions.first == .close(port: port) && bench.asked.port != port)
    #expect(bench.asked.name.lowercased() == "shop.cdn.test" && bench.outcome == nil)
    #expect(bench.ask("www.test") == id)
    bench.hear(DNSResponse(.a("shop.cdn.test", address)))
    #expect(bench.addresses == [address] && bench.life == .seconds(60))
    #expect(bench.known("www.test") == .success([IPAddress(address)]) && bench.known("shop.cdn.test") == nil)
  }

  @Test func `is not asked about when it is known`() {
    var bench = DNSBench()
    bench.ask("shop.test")
    bench.hear(DNSResponse(.a("shop.test", address, seconds: 50)))
    bench.ask("www.test")
    bench.hear(DNSResponse(.cname("www.test", "shop.test", seconds: 60)))
    #expect(bench.addresses == [address] && bench.life == .seconds(50))
    bench.ask("here.test")
    bench.hear(DNSResponse(.cname("here.test", "localhost")))
    #expect(bench.addresses == [IPv4Address.loopback])
    bench.ask("never.test")
    bench.hear(DNSResponse(.cname("never.test", "x.invalid")))
    #expect(bench.failure == .noSuchName)
    var response = DNSResponse()
    response.code = 3
    response.authority = [.soa("test")]
    bench.ask("gone.test")
    bench.hear(response)
    bench.ask("to-gone.test")
    bench.hear(DNSResponse(.cname("to-gone.test", "gone.test")))
    #expect(bench.failure == .noSuchName && bench.known("to-gone.test") == nil)
  }

  @Test func `may lead to a name that does not exist`() {
    var bench = DNSBench()
    bench.ask("www.test")
    var response = DNSResponse(.cname("www.test", "gone.cdn", seconds: 40))
    response.code = 3
    response.authority = [.soa("cdn", seconds: 90, minimum: 80)]
    bench.hear(response)
    #expect(bench.failure == .noSuchName && bench.known("www.test") == .failure(.noSuchName))
    bench.now = bench.now + .seconds(40)
    #expect(bench.known("www.test") == nil)
  }

  @Test func `leads on 8 times within an answer, not 9`() {
    for count in [DNSResolver.maximumAliasCount, DNSResolver.maximumAliasCount + 1] {
      var bench = DNSBench()
      bench.ask("n0.test")
      var response = DNSResponse(.a("n\(count).test", address))
      for index in 0..<count { response.answers.append(.cname("n\(index).test", "n\(index + 1).test")) }
      bench.hear(response)
      if count == DNSResolver.maximumAliasCount {
        #expect(bench.addresses == [address])
      } else {
        #expect(bench.failure == .tooManyAliases && bench.known("n0.test") == .failure(.tooManyAliases))
      }
    }
  }

  @Test func `leads on 8 times over several answers, not 9`() {
    var bench = DNSBench()
    bench.ask("n0.test")
    for index in 0..<DNSResolver.maximumAliasCount {
      bench.hear(DNSResponse(.cname("n\(index).test", "n\(index + 1).test")))
      #expect(bench.outcome == nil)
    }
    var copy = bench
    copy.hear(DNSResponse(.a("n8.test", address)))
    #expect(copy.addresses == [address])
    bench.hear(DNSResponse(.cname("n8.test", "n9.test")))
    #expect(bench.failure == .tooManyAliases)
  }

  @Test func `of itself ends`() {
    var bench = DNSBench()
    bench.ask("loop.test")
    bench.hear(DNSResponse(.cname("loop.test", "loop.test")))
    #expect(bench.failure == .tooManyAliases)
    bench.ask("ping.test")
    bench.hear(DNSResponse(.cname("ping.test", "pong.test"), .cname("pong.test", "ping.test")))
    #expect(bench.failure == .tooManyAliases)
  }

  @Test func `that is no host's name is another server's turn`() {
    var bench = DNSBench()
    bench.ask("www.test")
    bench.hear(DNSResponse(.cname("www.test", "a b.test")))
    #expect(bench.resolver.refusals[.badAlias] == 1 && bench.asked.server == DNSBench.servers[1])
    #expect(bench.asked.name.lowercased() == "www.test")
  }

  @Test func `cannot keep a query going for more than 30 s`() {
    var bench = DNSBench()
    bench.ask("n0.test")
    var index = 0
    while bench.outcome == nil {
      for _ in 0..<6 where bench.outcome == nil { bench.wait() }
      guard bench.outcome == nil else { break }
      bench.hear(DNSResponse(.cname("n\(index).test", "n\(index + 1).test")))
      index += 1
    }
    #expect(bench.failure == .timedOut && bench.now == DNSBench.start + DNSResolver.longestQuery)
  }
}
