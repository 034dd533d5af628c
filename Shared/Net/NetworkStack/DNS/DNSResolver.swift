// RFC 1035 §7, RFC 5452 §9 and RFC 6761 §6.3 before changing this file.

import Platform
import Wire

/// What the owner of a `DNSResolver` does, in this order.
public enum DNSAction: Sendable, Equatable {
  /// Open UDP port `port`, send `payload` from it to port 53 of `server`, and hand what arrives there to `receive`.
  /// A port that cannot be opened is reported to `portIsTaken`.
  case ask([UInt8], port: UInt16, server: IPv6Address)
  /// Close a port that `ask` named.
  case close(port: UInt16)
  /// Tell everybody who waits for this query.
  case finish(DNSQueryID, Result<DNSAnswer, DNSFailure>)
}

/// What `resolve` says at once.
public enum DNSLookup: Sendable, Equatable {
  /// It was known.
  case known(DNSAnswer)
  /// It cannot be known, or was known not to be.
  case failed(DNSFailure)
  /// Servers are asked: do these, then wait for this query's `finish`.
  case asking(DNSQueryID, [DNSAction])
}

/// A stub resolver over UDP, with a cache: a value that is given datagrams and the time, and returns actions.
///
/// Each datagram has an id, a port and a case of letters of its own that only the server that was asked can know
/// (RFC 5452 §9.2, 0x20); anything else is counted and dropped. The servers are trusted to do what we do not:
/// recursion, DNSSEC. Not done: DNS over TCP, so an answer that does not fit into 512 bytes is refused (`truncated`);
/// EDNS; search domains; answers that came for other names.
///
/// Cost: an event is O(queries in flight); a datagram that is dropped for its port, source or id allocates nothing.
public struct DNSResolver: Sendable {
  /// Servers used; further ones are ignored.
  public static let maximumServerCount = 4
  /// Queries in flight; further names fail as `exhausted`.
  public static let maximumQueryCount = 64
  /// Entries of the cache.
  public static let maximumCacheEntryCount = 256
  /// Addresses of an answer; further ones are ignored.
  public static let maximumAddressCount = 16
  /// Aliases from a name to its addresses.
  public static let maximumAliasCount = 8
  /// How often each server is asked: it has 1, 2 and 4 s to answer.
  public static let maximumRoundCount = 3
  /// Datagrams in the server's name that were not its answer, until a query takes another id and port and asks the
  /// next server (RFC 5452 §9.2).
  public static let maximumForgeryCount = 16
  /// Ports that could not be opened until a query fails.
  public static let maximumPortRefusalCount = 8
  static let firstTimeout = Duration.seconds(1)
  /// A query takes no longer, however many aliases have to be asked about.
  public static let longestQuery = Duration.seconds(30)
  /// The servers' port.
  public static let serverPort: UInt16 = 53

  /// Whether letters' case is mixed. Servers that do not repeat a question as it was asked need it off.
  private let mixesCase: Bool
  private var numbers: KeyedNumbers
  /// Whom new queries ask, the one that answered last first.
  public private(set) var servers: [IPv6Address] = []
  private var givenServers: [IPv6Address] = []
  var queries: [DNSQuery] = []
  var cache: DNSCache
  private var nextNumber: UInt64 = 0
  /// Datagrams that were dropped and servers that were passed over, by reason.
  public internal(set) var refusals = ReasonCounts<DNSRefusal>()
  /// Look-ups that the cache or the rules answered.
  public private(set) var knownCount: UInt64 = 0
  /// Datagrams sent.
  public private(set) var sentCount: UInt64 = 0
  /// Times that a server did not answer in time.
  public private(set) var timeoutCount: UInt64 = 0

  /// A resolver that asks `servers`, IPv4 addresses in their mapped form, with 16 random bytes.
  public init(
    servers: [IPv6Address], mixesCase: Bool = true, cacheLimit: Int = maximumCacheEntryCount,
    key: (UInt64, UInt64)
  ) {
    self.mixesCase = mixesCase
    numbers = KeyedNumbers(key: key)
    cache = DNSCache(limit: cacheLimit)
    use(servers)
  }

  /// Asks these from now on and, if they are not the same as before, forgets what the former ones said. Queries in
  /// flight end with the former ones.
  public mutating func use(_ servers: [IPv6Address]) {
    guard servers != givenServers else { return }
    givenServers = servers
    self.servers = Array(servers.prefix(Self.maximumServerCount))
    cache.removeAll()
    for index in queries.indices { queries[index].isCurrent = false }
  }

  /// Queries in flight.
  public var queryCount: Int { queries.count }
  /// When `advance` is due.
  public var nextDeadline: Instant { queries.reduce(.never) { min($0, $1.deadline) } }

  /// Looks `name` up: a host's name, or an address as text, which is its own answer. `type` is A or AAAA.
  public mutating func resolve(_ name: String, _ type: DNSType = .a, at now: Instant) -> DNSLookup {
    precondition(type == .a || type == .aaaa)
    let literal = IPv4Address(name).map { IPv6Address(mapped: $0) } ?? IPv6Address(name)
    if let literal {
      knownCount &+= 1
      return (type == .a) == (literal.mapped != nil)
        ? .known(DNSAnswer(addresses: [IPAddress(literal)], expiry: .never)) : .failed(.noAddress)
    }
    guard let question = DNSHostName(name, type) else { return .failed(.badName) }
    if let outcome = question.knownOutcome {
      knownCount &+= 1
      switch outcome {
      case .success(let addresses): return .known(DNSAnswer(addresses: addresses, expiry: .never))
      case .failure(let failure): return .failed(failure)
      }
    }
    if let outcome = cache.find(question, at: now) {
      knownCount &+= 1
      switch outcome {
      case .success(let answer): return .known(answer)
      case .failure(let failure): return .failed(failure)
      }
    }
    if let query = queries.first(where: { $0.isCurrent && $0.original == question }) {
      return .asking(query.id, [])
    }
    guard !servers.isEmpty else { return .failed(.noServer) }
    guard queries.count < Self.maximumQueryCount else { return .failed(.exhausted) }
    nextNumber += 1
    queries.append(DNSQuery(id: DNSQueryID(number: nextNumber), question, servers: servers, at: now))
    let id = queries[queries.count - 1].id
    return .asking(id, ask(queries.count - 1, at: now))
  }

  /// Does what is due at `now`; nothing before `nextDeadline`.
  public mutating func advance(to now: Instant) -> [DNSAction] {
    var actions: [DNSAction] = []
    // From the end: a query that finishes leaves the list.
    for index in queries.indices.reversed() where queries[index].deadline <= now {
      timeoutCount &+= 1
      actions += askNext(index, at: now)
    }
    return actions
  }

  /// The owner could not open a port that `ask` named.
  public mutating func portIsTaken(_ port: UInt16, at now: Instant) -> [DNSAction] {
    guard let index = index(ofPort: port) else { return [] }
    let taken = queries.map { $0.port }
    guard queries[index].changePort(&numbers, mixesCase: mixesCase, isTaken: { taken.contains($0) }) else {
      return finish(index, .failure(.exhausted), until: now, at: now, closes: false)
    }
    return [send(index)]
  }

  /// An ICMP error says that the server of the query at `port` cannot be reached: the next one is asked.
  public mutating func serverIsUnreachable(port: UInt16, at now: Instant) -> [DNSAction] {
    guard let index = index(ofPort: port) else { return [] }
    return askNext(index, at: now)
  }

  // MARK: for the events

  func index(ofPort port: UInt16) -> Int? { queries.firstIndex { $0.port == port } }

  /// Closes the query's port and asks the next server.
  mutating func askNext(_ index: Int, at now: Instant) -> [DNSAction] {
    let port = queries[index].port
    return [.close(port: port)] + ask(index, at: now)
  }

  private mutating func ask(_ index: Int, at now: Instant) -> [DNSAction] {
    let taken = queries.map { $0.port }
    guard
      queries[index].ask(&numbers, mixesCase: mixesCase, at: now, isTaken: { taken.contains($0) })
    else {
      let expiry = now + .seconds(Int64(DNSCache.failureSeconds))
      return finish(index, .failure(queries[index].failure), until: expiry, at: now, closes: false)
    }
    return [send(index)]
  }

  private mutating func send(_ index: Int) -> DNSAction {
    sentCount &+= 1
    let query = queries[index]
    return .ask(query.payload, port: query.port, server: query.server)
  }

  /// Ends a query: its outcome is kept and told.
  mutating func finish(
    _ index: Int, _ outcome: Result<DNSAnswer, DNSFailure>, until expiry: Instant, at now: Instant,
    closes: Bool = true
  ) -> [DNSAction] {
    let query = queries.remove(at: index)
    if query.isCurrent { cache.insert(outcome, for: query.original, until: expiry, at: now) }
    return (closes ? [.close(port: query.port)] : []) + [.finish(query.id, outcome)]
  }

  /// New queries start with the server that answered, so that a dead one is not waited for each time.
  mutating func prefer(_ server: IPv6Address) {
    guard let index = servers.firstIndex(of: server), index > 0 else { return }
    servers.remove(at: index)
    servers.insert(server, at: 0)
  }
}
