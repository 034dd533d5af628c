import MachineTesting
import Platform
import Testing
import Wire

@testable import NetworkStack

/// An hour of look-ups with servers that lose, delay, refuse and lie, and somebody off the path who forges.
@Suite struct `A DNS resolver among bad servers` {
  private static let names = (0..<40).map { "host\($0).shop.test" }
  private static func address(_ index: Int) -> IPv4Address { IPv4Address(192, 0, 2, UInt8(index)) }
  private let poison = IPv4Address(66, 6, 6, 6)

  private struct Datagram {
    var at: Instant
    var bytes: [UInt8]
    var server: IPv6Address
    var port: UInt16
  }

  /// What a server makes of a query; nil when it or its answer is lost.
  private func answer(_ asked: AskedDNS, _ random: SeededEntropy) -> [UInt8]? {
    let name = asked.name.lowercased()
    let index = Self.names.firstIndex { $0 == name || "c." + $0 == name }
    guard let index else { return DNSResponse().bytes(to: asked.payload) }
    var response = DNSResponse(.a(name, Self.address(index), seconds: UInt32(random.next() % 600)))
    switch random.next() % 10 {
    case 0, 1: return nil
    case 2: response.code = 2
    case 3: response.isTruncated = true
    case 4: response.answers = [.cname(name, "c." + Self.names[index])]
    case 5:
      // It says what nobody asked.
      let other = Self.names[(index + 1) % Self.names.count]
      response.answers.append(.a(other, poison))
      response.additional = [.a(other, poison), .cname(other, "poison.test")]
    case 6:
      var bytes = response.bytes(to: asked.payload)
      bytes[Int(random.next() % 12)] ^= UInt8(truncatingIfNeeded: random.next())
      return bytes
    default: break
    }
    return response.bytes(to: asked.payload)
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `finishes every query in time, leaves no port open, and believes no lie`(seed: UInt64) {
    let random = SeededEntropy(seed: seed)
    var resolver = DNSResolver(servers: DNSBench.servers, cacheLimit: 10, key: (seed, 5))
    var now = DNSBench.start
    var (wire, open, waiting): ([Datagram], Set<UInt16>, [DNSQueryID: Instant]) = ([], [], [:])
    var (asked, found, failed) = (0, 0, 0)

    func check(_ addresses: [IPAddress]) {
      #expect(!addresses.contains(IPAddress(poison)) && !addresses.isEmpty, "seed \(seed)")
      found += 1
    }
    func perform(_ actions: [DNSAction]) {
      var actions = actions
      while !actions.isEmpty {
        let action = actions.removeFirst()
        switch action {
        case .close(let port): #expect(open.remove(port) != nil, "seed \(seed)")
        case .finish(let id, let outcome):
          #expect(waiting[id].map { now - $0 <= DNSResolver.longestQuery } == true, "seed \(seed)")
          waiting[id] = nil
          if case .success(let answer) = outcome { check(answer.addresses) } else { failed += 1 }
        case .ask(_, let port, let server):
          if random.next() % 20 == 0 {
            actions += resolver.portIsTaken(port, at: now)
            continue
          }
          #expect(open.insert(port).inserted, "seed \(seed)")
          guard let asked = AskedDNS(action) else { continue }
          if let bytes = answer(asked, random) {
            let delay = Duration.milliseconds(Int64(random.next() % 2500))
            wire.append(Datagram(at: now + delay, bytes: bytes, server: server, port: port))
          }
          // Forged: the right name in the right case, the port once in a while, the id not.
          var forged = DNSResponse(.a(asked.name, poison)).bytes(to: asked.payload)
          forged[0] ^= UInt8(1 + random.next() % 255)
          let guess = random.next() % 4 == 0 ? port : UInt16(truncatingIfNeeded: random.next()) | 0xc000
          for _ in 0..<(random.next() % 30) {
            actions += resolver.receive(forged.span.bytes, from: server, sourcePort: 53, to: guess, at: now)
          }
        }
      }
    }

    let end = now + .seconds(300)
    var nextAsk = now
    while now < end || !waiting.isEmpty {
      let arrival = wire.indices.min { wire[$0].at < wire[$1].at }
      let due = min(
        resolver.nextDeadline, arrival.map { wire[$0].at } ?? .never, now < end ? nextAsk : .never)
      #expect(due != .never, "seed \(seed)")
      guard due != .never else { break }
      now = max(now, due)
      if let arrival, wire[arrival].at <= now {
        let datagram = wire.remove(at: arrival)
        perform(
          resolver.receive(
            datagram.bytes.span.bytes, from: datagram.server, sourcePort: 53, to: datagram.port, at: now))
      } else if resolver.nextDeadline <= now {
        perform(resolver.advance(to: now))
      } else {
        nextAsk = now + .milliseconds(Int64(random.next() % 2000))
        asked += 1
        switch resolver.resolve(Self.names[Int(random.next() % 40)], at: now) {
        case .known(let answer): check(answer.addresses)
        case .failed: failed += 1
        case .asking(let id, let actions):
          if waiting[id] == nil { waiting[id] = now }
          perform(actions)
        }
      }
      #expect(open.count == resolver.queryCount && resolver.cache.count <= 10, "seed \(seed)")
    }
    #expect(open.isEmpty && resolver.queryCount == 0 && resolver.nextDeadline == .never, "seed \(seed)")
    #expect(
      asked > 200 && found > failed * 3, "seed \(seed): \(asked) asked, \(found) found, \(failed) failed")
  }
}
