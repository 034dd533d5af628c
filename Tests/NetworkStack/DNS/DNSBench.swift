import Platform
import Wire

@testable import NetworkStack

/// A response, written byte by byte so that it can be as wrong as a test likes.
struct DNSResponse {
  struct Record {
    var name: String
    var type: UInt16
    var seconds: UInt32
    var data: [UInt8]

    static func a(_ name: String, _ address: IPv4Address, seconds: UInt32 = 300) -> Record {
      Record(name: name, type: 1, seconds: seconds, data: bigEndian(address.rawValue))
    }
    static func aaaa(_ name: String, last: UInt8, seconds: UInt32 = 300) -> Record {
      let data: [UInt8] = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [last]
      return Record(name: name, type: 28, seconds: seconds, data: data)
    }
    static func cname(_ name: String, _ alias: String, seconds: UInt32 = 300) -> Record {
      Record(name: name, type: 5, seconds: seconds, data: encoded(alias))
    }
    static func ns(_ zone: String) -> Record {
      Record(name: zone, type: 2, seconds: 300, data: encoded("ns." + zone))
    }
    static func soa(_ zone: String, seconds: UInt32 = 300, minimum: UInt32 = 300) -> Record {
      let numbers: [UInt32] = [1, 7200, 900, 86400, minimum]
      return Record(name: zone, type: 6, seconds: seconds, data: [0, 0] + numbers.flatMap { bigEndian($0) })
    }
  }

  var code: UInt8 = 0
  var isResponse = true
  var isTruncated = false
  var isAuthoritative = false
  var operation: UInt8 = 0
  var answers: [Record] = []
  var authority: [Record] = []
  var additional: [Record] = []

  init(_ answers: Record...) { self.answers = answers }

  /// To the query in `payload`: its id and question come back.
  func bytes(to payload: [UInt8]) -> [UInt8] {
    let flags =
      (isResponse ? 0x80 : 0) | operation << 3 | (isAuthoritative ? 4 : 0) | (isTruncated ? 2 : 0) | 1
    var result = Array(payload[..<2]) + [flags, 0x80 | code, 0, 1]
    for section in [answers, authority, additional] { result += [0, UInt8(section.count)] }
    result += payload[12...]
    for record in answers + authority + additional {
      result += encoded(record.name) + [UInt8(record.type >> 8), UInt8(record.type & 255), 0, 1]
      result += bigEndian(record.seconds)
      result += [UInt8(record.data.count >> 8), UInt8(record.data.count & 255)] + record.data
    }
    return result
  }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
}

private func encoded(_ name: String) -> [UInt8] {
  name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
}

/// A datagram that a resolver sent, taken apart.
struct AskedDNS: Equatable {
  var payload: [UInt8]
  var port: UInt16
  var server: IPv6Address

  init?(_ action: DNSAction?) {
    guard case .ask(let payload, let port, let server) = action else { return nil }
    (self.payload, self.port, self.server) = (payload, port, server)
  }

  var id: UInt16 { UInt16(payload[0]) << 8 | UInt16(payload[1]) }
  var type: UInt16 { UInt16(payload[payload.count - 4]) << 8 | UInt16(payload[payload.count - 3]) }
  /// The name with the letters' case that it was asked in.
  var name: String {
    var labels: [String] = []
    var offset = 12
    while payload[offset] != 0 {
      let end = offset + 1 + Int(payload[offset])
      labels.append(String(decoding: payload[offset + 1..<end], as: UTF8.self))
      offset = end
    }
    return labels.joined(separator: ".")
  }
}

/// A resolver on a bench: its clock, and what it did.
struct DNSBench {
  static let servers = [53, 54, 55].map { IPv6Address(mapped: IPv4Address(10, 0, 0, $0)) }
  static let address = IPv4Address(192, 0, 2, 1)
  static let start = Instant(nanoseconds: 3_600_000_000_000)

  var resolver: DNSResolver
  var now = DNSBench.start
  /// What the last event returned.
  var actions: [DNSAction] = []
  /// The last datagram.
  var asked: AskedDNS!

  init(
    servers: [IPv6Address] = DNSBench.servers, mixesCase: Bool = true,
    cacheLimit: Int = DNSResolver.maximumCacheEntryCount, seed: UInt64 = 1
  ) {
    resolver = DNSResolver(servers: servers, mixesCase: mixesCase, cacheLimit: cacheLimit, key: (seed, 99))
  }

  private mutating func did(_ actions: [DNSAction]) {
    self.actions = actions
    for action in actions { if let asked = AskedDNS(action) { self.asked = asked } }
  }

  /// The query that a look-up started or joined, or nil.
  @discardableResult
  mutating func ask(_ name: String, _ type: DNSType = .a) -> DNSQueryID? {
    guard case .asking(let id, let actions) = resolver.resolve(name, type, at: now) else { return nil }
    did(actions)
    return id
  }

  /// What is known of a name without asking.
  mutating func known(_ name: String, _ type: DNSType = .a) -> Result<[IPAddress], DNSFailure>? {
    var copy = resolver
    switch copy.resolve(name, type, at: now) {
    case .known(let answer):
      resolver = copy
      return .success(answer.addresses)
    case .failed(let failure): return .failure(failure)
    case .asking: return nil
    }
  }

  mutating func hear(
    _ bytes: [UInt8], from server: IPv6Address? = nil, sourcePort: UInt16 = 53, to port: UInt16? = nil
  ) {
    did(
      resolver.receive(
        bytes.span.bytes, from: server ?? asked.server, sourcePort: sourcePort, to: port ?? asked.port,
        at: now))
  }

  mutating func hear(_ response: DNSResponse) { hear(response.bytes(to: asked.payload)) }

  /// Lets time pass until the next deadline, and returns how long that was.
  @discardableResult mutating func wait() -> Duration {
    let before = now
    if resolver.nextDeadline > now { now = resolver.nextDeadline }
    did(resolver.advance(to: now))
    return now - before
  }

  mutating func takenPort() { did(resolver.portIsTaken(asked.port, at: now)) }
  mutating func unreachable() { did(resolver.serverIsUnreachable(port: asked.port, at: now)) }

  /// What the last event finished a query with.
  var outcome: Result<DNSAnswer, DNSFailure>? {
    for action in actions { if case .finish(_, let outcome) = action { return outcome } }
    return nil
  }
  var failure: DNSFailure? {
    if case .failure(let failure) = outcome { failure } else { nil }
  }
  var addresses: [IPv4Address]? { (try? outcome?.get())?.addresses.compactMap { IPv4Address($0) } }
  /// For how long the last answer holds.
  var life: Duration? { (try? outcome?.get()).map { $0.expiry - now } }
}
