// RFC 2131 §4.4 before changing this file.

import Platform
import Wire

/// The client's side of DHCP for one interface: a value that is given messages and the time, and returns actions.
///
/// The owner calls `advance` first, then whenever `nextDeadline` has come, and hands every UDP payload for port 68 to
/// `receive`. The first good offer is taken. Not done: the random wait of 1 … 10 s before the first message (§4.4.1;
/// an image boots in less), classless static routes (RFC 3442; they are not asked for), DHCPINFORM, authentication.
///
/// Cost: an event allocates for the message it sends; a message of another exchange or client allocates nothing.
public struct DHCPClient: Sendable {
  /// What the client says about itself.
  public struct Configuration: Sendable {
    /// The interface.
    public var hardware: EthernetAddress
    /// Bytes of an IP packet that the device takes, at most; at least 576.
    public var deviceMTU: Int
    /// The name that is told to the server: 1...63 bytes, or nil.
    public var hostName: String?
    /// The address of an earlier life, to be asked for first (INIT-REBOOT); ignored when no host can have it.
    public var previousAddress: IPv4Address?
    /// Whether servers are asked to broadcast their answers: needed unless the interface, still without an address,
    /// takes packets for any.
    public var wantsBroadcast = true

    /// A client of `hardware`.
    public init(hardware: EthernetAddress, deviceMTU: Int) {
      self.hardware = hardware
      self.deviceMTU = deviceMTU
    }
  }

  /// The port of clients (RFC 2131 §4.1).
  static let clientPort: UInt16 = 68
  /// The port of servers.
  static let serverPort: UInt16 = 67
  /// The first wait for an answer; each following one is twice as long (§4.1), give or take a second.
  static let firstWait = Duration.seconds(4)
  /// The longest wait for an answer.
  static let longestWait = Duration.seconds(64)
  /// Requests for an offered address, at most; then the client starts again. 4 + 8 + 16 + 32 s.
  static let maximumRequestCount = 4
  /// Requests for the previous address, at most; then the client starts without it. 4 + 8 s.
  static let maximumRebootRequestCount = 2
  /// Between two requests of a lease that ends, at least (§4.4.5).
  static let minimumRenewalWait = Duration.seconds(60)
  /// After an address that somebody else has, at least (§3.1, point 5).
  static let declineWait = Duration.seconds(10)

  let configuration: Configuration
  var numbers: KeyedNumbers
  /// Where the client stands.
  public internal(set) var state = DHCPState.initial
  /// What was granted: in `checking`, `bound`, `renewing`, `rebinding`.
  public internal(set) var lease: DHCPLease?
  /// The messages that were dropped, by reason.
  public internal(set) var refusals = ReasonCounts<DHCPRefusal>()
  /// How often a server took an offer or lease back.
  public internal(set) var negativeAcknowledgementCount: UInt64 = 0
  /// When `advance` is due.
  public internal(set) var nextDeadline: Instant

  /// The address and server that a request names: in `requesting`; without a server in `rebooting`.
  var requested: (address: IPv4Address, server: IPv4Address?)?
  /// The exchange (`xid`).
  var transaction: UInt32 = 0
  /// When the first message of the search was sent.
  var began: Instant?
  /// What the last DISCOVER said; its REQUEST repeats it (§3.1, point 3).
  var seconds: UInt16 = 0
  /// When a lease of this exchange starts to count: its first request.
  var requestedAt: Instant
  /// Messages sent in this state.
  var sentCount = 0
  /// NAKs and conflicts since an address was last ours.
  var setbackCount = 0

  /// A client that starts at `now`, with 16 random bytes. Traps when the configuration is not in its bounds.
  public init(_ configuration: Configuration, key: (UInt64, UInt64), at now: Instant) {
    precondition(configuration.deviceMTU >= DHCPLease.minimumMTU)
    if let name = configuration.hostName { precondition((1...63).contains(name.utf8.count)) }
    self.configuration = configuration
    numbers = KeyedNumbers(key: key)
    nextDeadline = now
    requestedAt = now
    if let address = configuration.previousAddress, address.isAssignable { requested = (address, nil) }
  }

  /// Does what is due at `now`; nothing before `nextDeadline`.
  public mutating func advance(to now: Instant) -> [DHCPAction] {
    guard now >= nextDeadline else { return [] }
    switch state {
    case .initial: return requested == nil ? discover(at: now) : reboot(at: now)
    case .selecting: return discover(at: now)
    case .requesting: return sentCount < Self.maximumRequestCount ? request(at: now) : discover(at: now)
    case .rebooting:
      return sentCount < Self.maximumRebootRequestCount ? request(at: now) : discover(at: now)
    case .checking, .bound, .renewing, .rebinding: return advanceLease(to: now)
    case .stopped: return []
    }
  }

  /// The conflict detector heard nobody: the address becomes ours. Only after `probe`.
  public mutating func addressIsFree(at now: Instant) -> [DHCPAction] {
    guard state == .checking else { return [] }
    return bind()
  }

  /// Somebody else has the address, found before or while we use it: it is declined (§3.1, point 5).
  public mutating func addressIsTaken(at now: Instant) -> [DHCPAction] {
    guard let lease, state != .stopped else { return [] }
    var actions = state == .checking ? [] : [DHCPAction.deconfigure]
    actions.append(decline(lease))
    actions += startAgain(at: now, notBefore: Self.declineWait)
    return actions
  }

  /// Gives the address back (§4.4.6) and stops: a machine that shuts down. Final.
  public mutating func release(at now: Instant) -> [DHCPAction] {
    var actions: [DHCPAction] = []
    switch state {
    case .bound, .renewing, .rebinding:
      if let lease { actions = [release(lease), .deconfigure] }
    default: break
    }
    state = .stopped
    lease = nil
    nextDeadline = .never
    return actions
  }

  // MARK: transitions

  /// INIT after a setback: the first one is forgiven, then each waits longer than the one before.
  mutating func startAgain(at now: Instant, notBefore minimum: Duration = .zero) -> [DHCPAction] {
    state = .initial
    lease = nil
    requested = nil
    began = nil
    sentCount = 0
    setbackCount += 1
    let wait = setbackCount == 1 ? .zero : backOff(setbackCount - 2)
    guard wait > .zero || minimum > .zero else { return discover(at: now) }
    nextDeadline = now + max(wait, minimum)
    return []
  }

  /// A new search, or its next message.
  private mutating func discover(at now: Instant) -> [DHCPAction] {
    if state != .selecting {
      state = .selecting
      requested = nil
      sentCount = 0
      transaction = nextTransaction()
    }
    let start = began ?? now
    began = start
    seconds = UInt16(clamping: (now - start).nanoseconds / 1_000_000_000)
    waitForAnswer(at: now)
    return [discoverMessage()]
  }

  private mutating func reboot(at now: Instant) -> [DHCPAction] {
    state = .rebooting
    transaction = nextTransaction()
    return startRequesting(at: now)
  }

  /// The first request of an exchange.
  mutating func startRequesting(at now: Instant) -> [DHCPAction] {
    sentCount = 0
    requestedAt = now
    return request(at: now)
  }

  private mutating func request(at now: Instant) -> [DHCPAction] {
    waitForAnswer(at: now)
    return [requestMessage()]
  }

  /// The granted address is ours.
  @inline(never)
  mutating func bind() -> [DHCPAction] {
    guard let lease else { return [] }
    state = .bound
    began = nil
    setbackCount = 0
    nextDeadline = lease.renewal
    return [.configure(lease)]
  }

  private mutating func advanceLease(to now: Instant) -> [DHCPAction] {
    guard let lease else { return [] }
    if now >= lease.expiry {
      let wasOurs = state != .checking
      self.lease = nil
      return (wasOurs ? [.deconfigure] : []) + discover(at: now)
    }
    guard state != .checking else { return [] }
    state = now >= lease.rebinding ? .rebinding : .renewing
    // Each request is an exchange of its own, so that an answer says from when the lease counts.
    transaction = nextTransaction()
    requestedAt = now
    let end = state == .renewing ? lease.rebinding : lease.expiry
    let half = Duration.nanoseconds((end - now).nanoseconds / 2)
    nextDeadline = min(now + max(half, Self.minimumRenewalWait), end)
    return [renewMessage(lease)]
  }

  // MARK: randomness

  private mutating func nextTransaction() -> UInt32 { UInt32(truncatingIfNeeded: numbers.next()) }

  private mutating func waitForAnswer(at now: Instant) {
    nextDeadline = now + backOff(sentCount)
    sentCount += 1
  }

  /// 4, 8, 16, 32, 64, 64 … s, each ± 1 s (§4.1).
  private mutating func backOff(_ step: Int) -> Duration {
    let wait = min(Self.firstWait.nanoseconds << Int64(min(step, 8)), Self.longestWait.nanoseconds)
    let jitter = Int64(numbers.next(upperBound: UInt64(2_000_000_001))) - 1_000_000_000
    return .nanoseconds(wait + jitter)
  }
}
