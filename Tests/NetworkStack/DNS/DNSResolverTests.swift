import Platform
import Testing
import Wire

@testable import NetworkStack

@Suite struct `A DNS resolver` {
  private let address = DNSBench.address

  @Test func `asks the first server from a port of its own, and tells what it answered`() throws {
    var bench = DNSBench()
    let started = bench.ask("shop.test")
    let id = try #require(started)
    let asked = bench.asked!
    #expect(asked.server == DNSBench.servers[0] && asked.port >= 49152 && asked.type == 1)
    #expect(asked.name.lowercased() == "shop.test")
    let message = try DNSMessage(validating: asked.payload.span.bytes)
    let (isPlain, count) = (message.recursionDesired && !message.isResponse, message.questionCount)
    #expect(isPlain && count == 1)
    bench.hear(DNSResponse(.a("shop.test", address)))
    let answer = DNSAnswer(addresses: [IPAddress(address)], expiry: bench.now + .seconds(300))
    #expect(bench.actions == [.close(port: asked.port), .finish(id, .success(answer))])
    #expect(bench.resolver.queryCount == 0 && bench.resolver.nextDeadline == .never)
  }

  @Test func `asks for IPv6 addresses, too`() {
    var bench = DNSBench()
    bench.ask("shop.test", .aaaa)
    #expect(bench.asked.type == 28)
    bench.hear(DNSResponse(.a("shop.test", address), .aaaa("shop.test", last: 7)))
    #expect(bench.known("shop.test", .aaaa) == .success([.v6(0x2001_0db8_0000_0000, 7)]))
    #expect(bench.known("shop.test") == nil)
  }

  @Test func `answers addresses, localhost and invalid names without asking`() {
    var bench = DNSBench(servers: [])
    #expect(bench.known("192.0.2.1") == .success([IPAddress(address)]))
    #expect(bench.known("192.0.2.1", .aaaa) == .failure(.noAddress))
    for name in ["localhost", "LocalHost.", "a.b.localhost"] {
      #expect(bench.known(name) == .success([.loopback]))
      #expect(bench.known(name, .aaaa) == .success([.v6(0, 1)]))
    }
    #expect(bench.known("shop.invalid") == .failure(.noSuchName))
    #expect(bench.known("notlocalhost") == .failure(.noServer))
    #expect(bench.known("shop.test") == .failure(.noServer))
  }

  @Test func `refuses what is no host's name`() {
    var bench = DNSBench()
    let label = String(repeating: "a", count: 63)
    let longest = [label, label, label, String(label.prefix(61))].joined(separator: ".")
    #expect(longest.utf8.count == 253)
    let wrong = [
      "", ".", "a..b", ".a", "a b", "a/b", "ä.test", "a\\.b", "10.0.0.300", "1.2.3", "10.0.0.1.", "7",
      "fe80::1%1", "fe80::1::", label + "a", longest + "a",
    ]
    for name in wrong { #expect(bench.known(name) == .failure(.badName), "\(name)") }
    for name in ["a", "_dns.test", "1.test", "7-11.test", "shop.test.", longest] {
      #expect(bench.known(name) == nil, "\(name)")
    }
  }

  @Test func `joins the same question, however it is written`() {
    var bench = DNSBench()
    let id = bench.ask("shop.test")
    for name in ["shop.test", "SHOP.Test", "shop.test."] {
      #expect(bench.ask(name) == id && bench.actions.isEmpty)
    }
    #expect(bench.ask("shop.test", .aaaa) != id && bench.ask("shop.test.a") != id)
    #expect(bench.resolver.queryCount == 3)
  }

  @Test func `has 64 queries in flight at most, each with a port of its own`() {
    var bench = DNSBench()
    var ports = Set<UInt16>()
    for index in 0..<DNSResolver.maximumQueryCount {
      #expect(bench.ask("n\(index).test") != nil)
      ports.insert(bench.asked.port)
    }
    #expect(ports.count == DNSResolver.maximumQueryCount)
    #expect(bench.known("one.more") == .failure(.exhausted) && bench.ask("n0.test") != nil)
    bench.ask("n63.test")
    bench.hear(DNSResponse(.a("n63.test", address)))
    #expect(bench.ask("one.more") != nil)
  }

  @Test func `gives servers 1, 2 and 4 s in turn, each time from another port and with another id`() {
    var bench = DNSBench()
    bench.ask("a-rather-long-name.test")
    var (seen, waits): ([AskedDNS], [Duration]) = ([bench.asked], [])
    while bench.resolver.queryCount > 0 {
      let port = bench.asked.port
      waits.append(bench.wait())
      #expect(bench.actions.first == .close(port: port))
      if bench.outcome == nil { seen.append(bench.asked) }
    }
    #expect(waits == [1, 1, 1, 2, 2, 2, 4, 4, 4].map { .seconds($0) })
    #expect(seen.map(\.server) == DNSBench.servers + DNSBench.servers + DNSBench.servers)
    #expect(
      Set(seen.map(\.port)).count == 9 && Set(seen.map(\.id)).count == 9 && Set(seen.map(\.name)).count == 9)
    #expect(bench.failure == .timedOut && bench.resolver.timeoutCount == 9)
    // A crowd does not start all over at once.
    #expect(bench.known("a-rather-long-name.test") == .failure(.timedOut))
    bench.now = bench.now + .seconds(1)
    #expect(bench.known("a-rather-long-name.test") == nil)
  }

  @Test func `uses 4 servers at most`() {
    var bench = DNSBench(servers: DNSBench.servers + DNSBench.servers)
    bench.ask("shop.test")
    for _ in 0..<4 { bench.wait() }
    #expect(bench.asked.server == DNSBench.servers[0])
  }

  @Test func `starts with the server that answered last`() {
    var bench = DNSBench()
    bench.ask("one.test")
    bench.wait()
    bench.hear(DNSResponse(.a("one.test", address)))
    bench.ask("two.test")
    #expect(bench.asked.server == DNSBench.servers[1])
    bench.wait()
    #expect(bench.asked.server == DNSBench.servers[0])
  }

  @Test(arguments: [1, 2, 4, 5] as [UInt8])
  func `asks the next server at once when one fails, and each one once`(code: UInt8) {
    var bench = DNSBench()
    var response = DNSResponse()
    response.code = code
    bench.ask("shop.test")
    bench.hear(response)
    #expect(bench.asked.server == DNSBench.servers[1])
    bench.wait()
    #expect(bench.asked.server == DNSBench.servers[2])
    bench.hear(response)
    // The second did not answer; it has another chance.
    #expect(bench.asked.server == DNSBench.servers[1])
    bench.hear(response)
    #expect(bench.failure == .serverFailure && bench.resolver.refusals[.serverError] == 3)
  }

  @Test func `refuses truncated answers, and says so when all are`() {
    var bench = DNSBench()
    var response = DNSResponse(.a("shop.test", address))
    response.isTruncated = true
    bench.ask("shop.test")
    for _ in DNSBench.servers { bench.hear(response) }
    #expect(bench.failure == .truncated && bench.resolver.refusals[.truncated] == 3)
    bench.ask("other.test")
    response = DNSResponse()
    response.isTruncated = true
    bench.hear(response)
    bench.hear(DNSResponse(.a("other.test", address)))
    #expect(bench.addresses == [address])
  }

  @Test func `passes over a server that only refers to others`() {
    var bench = DNSBench()
    var response = DNSResponse()
    response.authority = [.ns("test")]
    bench.ask("shop.test")
    bench.hear(response)
    #expect(bench.resolver.refusals[.lame] == 1 && bench.asked.server == DNSBench.servers[1])
  }

  @Test func `tells a name without addresses from one that does not exist`() {
    var bench = DNSBench()
    bench.ask("empty.test")
    bench.hear(DNSResponse())
    #expect(bench.failure == .noAddress)
    var response = DNSResponse()
    response.code = 3
    bench.ask("nobody.test")
    bench.hear(response)
    #expect(bench.failure == .noSuchName)
    // Neither had a SOA record, so neither is kept (RFC 2308 §5).
    #expect(bench.known("empty.test") == nil && bench.known("nobody.test") == nil)
  }

  @Test func `takes another port when the one it named is in use, 8 times`() {
    var bench = DNSBench()
    bench.ask("shop.test")
    let server = bench.asked.server
    var ports: Set<UInt16> = [bench.asked.port]
    for _ in 1..<DNSResolver.maximumPortRefusalCount {
      bench.takenPort()
      #expect(bench.actions.count == 1 && bench.asked.server == server)
      ports.insert(bench.asked.port)
    }
    #expect(ports.count == DNSResolver.maximumPortRefusalCount)
    bench.takenPort()
    #expect(bench.actions.count == 1 && bench.failure == .exhausted)
    #expect(bench.known("shop.test") == nil)
    bench.takenPort()
    #expect(bench.actions.isEmpty)
  }

  @Test func `asks the next server when one cannot be reached`() {
    var bench = DNSBench()
    bench.ask("shop.test")
    let port = bench.asked.port
    bench.unreachable()
    #expect(bench.actions.first == .close(port: port) && bench.asked.server == DNSBench.servers[1])
    for _ in 0..<8 { bench.unreachable() }
    #expect(bench.failure == .timedOut)
    bench.unreachable()
    #expect(bench.actions.isEmpty)
  }

  @Test func `forgets what former servers said, and what they still say`() {
    var bench = DNSBench()
    bench.ask("one.test")
    bench.hear(DNSResponse(.a("one.test", address)))
    let id = bench.ask("two.test")
    bench.resolver.use(DNSBench.servers)
    #expect(bench.known("one.test") == .success([IPAddress(address)]))
    bench.resolver.use([IPv6Address(mapped: IPv4Address(10, 9, 9, 9))])
    #expect(bench.known("one.test") == nil)
    bench.hear(DNSResponse(.a("two.test", address)))
    #expect(bench.addresses == [address] && bench.known("two.test") == nil)
    #expect(
      bench.ask("two.test") != id && bench.asked.server == IPv6Address(mapped: IPv4Address(10, 9, 9, 9)))
  }
}
