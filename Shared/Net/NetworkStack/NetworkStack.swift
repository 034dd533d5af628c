import Bytes
import EventLoop
import Platform
import TCP
import Wire
import _Concurrency

/// Our own TCP/IP: several interfaces, TCP, UDP, ICMP and DNS over Ethernet; IPv4 with ARP and DHCP, and IPv6 with
/// neighbour discovery and stateless autoconfiguration. What is above IP holds IPv4 addresses in their mapped form.
///
/// Confined to its loop's thread. It sends once per turn of the loop what the turn's tasks have made, and lets its
/// devices notify their backends once. All queues come out of one memory budget: windows shrink as it fills, and new
/// connections are refused before old ones starve.
///
/// Not there: forwarding between interfaces, multicast groups of programs, DHCPv6, zones of link-local addresses (the
/// first interface is meant), loopback (a machine does not talk to itself), IP options (skipped, never sent).
public final class NetworkStack: Network, TurnObserver {
  // Small things first, so that instructions name their places in one byte.

  /// The loop that everything here runs on.
  public let loop: EventLoop
  let counters = StackCounters()
  /// What TCP has met.
  public let tcpCounters = Counters()
  /// The memory of all queues.
  public let pool: BufferPool
  /// The stack's interfaces, in the order they were attached.
  public private(set) var interfaces: [Interface] = []
  /// The connection of the last segment: they come in bursts. Not owned: it leaves before the table lets it go.
  private unowned(unsafe) var latest: StackConnection?
  /// Connections that may have something to send, each once.
  private var pending: [StackConnection] = []
  private var flushing: [StackConnection] = []
  /// Whether a device has frames it has not told its backend about.
  var hasTransmitted = false
  /// Whether a task was woken, or a connection has more to send, since the turn's end began.
  var hasWork = false
  var routes = RoutingTable()
  var listeners: [ListenerReference] = []
  var sockets: [SocketReference] = []
  private var timeWaitTimer: Timer?
  var pathTimer: Timer?
  /// DNS servers that DHCP or our owner named, and those that routers name.
  var namedServers: [IPv6Address] = []
  var routerServers: [IPv6Address] = []
  let entropy: any Entropy

  var connections: TupleTable<StackConnection>
  var timeWaits: TimeWaitTable
  /// RSTs to segments of no connection, which anybody can provoke.
  var resets = TokenBucket(burst: 1000, perSecond: 1000)
  var ports: EphemeralPorts
  let initialNumbers: InitialSequenceNumber
  var cookies: SYNCookies
  private var keys: DerivedKeys
  let resolverKey: (UInt64, UInt64)
  /// Who looks names up, and what it is told; nil before the first one.
  var resolver: StackResolver?
  var nameService: NameService?
  var icmp = ICMPv4Responder()
  /// What the stack may hold.
  public let configuration: StackConfiguration
  var paths = PathTable()

  struct ListenerReference {
    /// Not owned: it leaves when it is closed.
    unowned(unsafe) let object: StackListener
  }

  /// A socket, which leaves when it is closed. Closures, as of `NameService`: an image whose program opens no socket
  /// has nothing of them in it.
  struct SocketReference {
    let port: UInt16
    /// A datagram for it: payload, sender, and the bytes that its queue may hold. Returns false when it has no room.
    let take: (RawSpan, IPv6Address, UInt16, Int) -> Bool
    let stackGoes: () -> Void
  }

  /// A stack without interfaces, with secrets out of `entropy`.
  public init(loop: EventLoop, entropy: any Entropy, configuration: StackConfiguration = StackConfiguration())
  {
    self.loop = loop
    self.entropy = entropy
    self.configuration = configuration
    pool = BufferPool(budgetByteCount: configuration.bufferBudgetByteCount)
    // Safe: the pointer is used only while it is lent.
    var secret: InlineArray<2, UInt64> = [0, 0]
    withUnsafeMutableBytes(of: &secret) { entropy.fill($0) }
    var keys = DerivedKeys(secret: (secret[0], secret[1]))
    connections = TupleTable(key: KeyedHash(key: keys.next()))
    timeWaits = TimeWaitTable(key: KeyedHash(key: keys.next()), limit: configuration.maximumTimeWaitCount)
    ports = EphemeralPorts(key: keys.next())
    initialNumbers = InitialSequenceNumber(key: keys.next())
    resolverKey = keys.next()
    cookies = SYNCookies(key: keys.next())
    self.keys = keys
    loop.observe(self)
  }

  deinit {
    loop.stopObserving(self)
    timeWaitTimer?.cancel()
    pathTimer?.cancel()
    for listener in listeners { listener.object.stackGoes() }
    for socket in sockets { socket.stackGoes() }
    // Whoever waits for a connection hears that it is over; so does its peer.
    for connection in allConnections { abort(connection) }
    if hasTransmitted { for interface in interfaces { interface.device.notify() } }
    for interface in interfaces { interface.stackGoes() }
  }

  /// 64 bits that nobody can foresee, nor a copy of this machine that was restored from the same state.
  func random() -> UInt64 {
    var value: UInt64 = 0
    // Safe: the pointer is used only while it is lent.
    withUnsafeMutableBytes(of: &value) { entropy.fill($0) }
    return value
  }

  /// A key that nothing else has, for what begins now.
  func key() -> (UInt64, UInt64) { keys.next() }

  /// Adds a device; its addresses come as `addressing` and `ipv6` say. It takes no part in IPv6 without the latter.
  public func attach(
    _ device: any NetworkDevice, addressing: Addressing, ipv6: IPv6Addressing? = nil
  ) -> Interface {
    let interface = Interface(device, index: InterfaceIndex(rawValue: interfaces.count), stack: self)
    interfaces.append(interface)
    interface.start(addressing)
    if let ipv6 { interface.start(ipv6) }
    return interface
  }

  // MARK: Turns

  /// Marks `connection` as one that may have something to send when this turn ends.
  func transmitLater(_ connection: StackConnection) {
    guard !connection.isPending else { return }
    connection.isPending = true
    pending.append(connection)
  }

  public func turnEnds() -> Bool {
    hasWork = false
    if !pending.isEmpty {
      swap(&pending, &flushing)
      for connection in flushing {
        connection.isPending = false
        transmit(connection)
      }
      // One by one, so that the list keeps its memory.
      while flushing.popLast() != nil {}
    }
    if hasTransmitted {
      hasTransmitted = false
      for interface in interfaces { interface.device.notify() }
    }
    return hasWork
  }

  /// What `events` mean for the stack and for whoever waits.
  func handle(_ events: Events, of connection: StackConnection) {
    guard !events.isEmpty else { return }
    if events.contains(.established), paths.count > 0 { usePath(of: connection) }
    if events.contains(.established), let listener = connection.listener {
      connection.listener = nil
      listener.established(connection)
      hasWork = true
    }
    if !events.isDisjoint(with: [.readable, .writable, .established]) {
      connection.wake(events)
      hasWork = true
    }
    if !events.isDisjoint(with: [.transmitNow, .ended]) { transmit(connection) }
    if events.contains(.ended) { remove(connection) }
  }

  /// The connection of `tuple`; nil when there is none.
  func connection(of tuple: FourTuple) -> StackConnection? {
    if let latest, latest.tuple == tuple { return latest }
    guard let found = connections[tuple] else { return nil }
    latest = found
    return found
  }

  private func remove(_ connection: StackConnection) {
    guard connection.stack != nil else { return }
    if latest === connection { latest = nil }
    if let listener = connection.listener { listener.abandonHandshake() }
    connections[connection.tuple] = nil
    if connection.connection.state == .timeWait {
      timeWaits.insert(connection.tuple, TimeWait(connection.connection, at: loop.now))
      scheduleTimeWaits()
    }
    connection.detach()
  }

  func scheduleTimeWaits() {
    if timeWaitTimer == nil {
      // Cancelled before this goes.
      timeWaitTimer = Timer(loop: loop) { [unowned(unsafe) self] in
        timeWaits.advance(to: loop.now)
        scheduleTimeWaits()
      }
    }
    timeWaitTimer?.set(timeWaits.deadline)
  }

  /// The connections that are not over: a copy, so that who goes through them may end some.
  var allConnections: [StackConnection] {
    var all: [StackConnection] = []
    connections.forEach { _, connection in all.append(connection) }
    return all
  }

  /// Ends a connection at once.
  func abort(_ connection: StackConnection) {
    handle(connection.connection.abort(), of: connection)
  }

  // MARK: Levels

  /// Connections that are not over, those in the handshake included.
  public var connectionCount: Int { connections.count }
  /// Connections in TIME-WAIT that are remembered.
  public var timeWaitCount: Int { timeWaits.count }
}
