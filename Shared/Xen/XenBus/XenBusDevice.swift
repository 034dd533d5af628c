// xen/io/xenbus.h, netif.h and blkif.h (the state diagrams) before changing this file.

import Bytes
import EventLoop
import Platform
import XenRing
import XenStore
import _Concurrency

/// The handshake with one device's backend: connects a frontend, and connects it anew whenever its backend goes away and
/// returns, or the domain was restored.
public final class XenBusDevice {
  /// How long the backend may take for each of its steps at the first start.
  public static let connectTimeout = Duration.seconds(30)

  /// From a failure to the next try, once it was connected before.
  static let retryInterval = Duration.seconds(1)

  /// Makes an event channel that the domain may bind.
  public typealias ChannelMaker = (UInt16) throws(XenError) -> any EventChannel

  /// Is told, in words, when the backend goes or cannot be connected (false), and when it is connected again (true).
  public typealias Report = (String, _ isConnected: Bool) -> Void

  private let frontend: any Frontend
  private let folder: String
  private let store: XenStore
  private let loop: EventLoop
  private let openChannel: ChannelMaker
  private var watch: StoreWatch?
  private var backendFolder = ""
  private var backend: UInt16 = 0
  /// What the backend said last: its state, and what the frontend asks for.
  private var state = XenBusState.unknown
  private var backendEntries: [StoreEntry] = []
  private var hasForgotten = false
  /// Whether the frontend is connected, once it was.
  private var isUp = true
  /// What was reported last, since it was connected.
  private var lastWords = ""

  /// The device whose frontend is at `folder`, such as "device/vif/0".
  public init(
    _ frontend: any Frontend, folder: String, store: XenStore, loop: EventLoop,
    openChannel: @escaping ChannelMaker
  ) {
    self.frontend = frontend
    self.folder = folder
    self.store = store
    self.loop = loop
    self.openChannel = openChannel
  }

  // MARK: Connecting

  /// Connects; throws, in words, when the backend is not there, refuses, or takes more than `connectTimeout` for a step.
  public func connect() async throws(XenError) { try await connect(timeout: Self.connectTimeout) }

  private func connect(timeout: Duration?) async throws(XenError) {
    try await findBackend()
    try await reach(.ready, timeout)
    try await store.write(try prepare(), below: folder)
    try await reach(.connected, timeout)
    try start()
    if frontend.waitsForBackend { try await say(.connected) }
  }

  /// Waits until the backend has reached `goal`, and learns what it says then.
  private func reach(_ goal: Goal, _ timeout: Duration?) async throws(XenError) {
    guard try await waitForBackend(goal, timeout, closingEnds: timeout == nil) else { throw stuck() }
    backendEntries = try await store.read(frontend.backendKeys, below: backendFolder)
  }

  /// What is to be written into the frontend's folder for the backend to see.
  private func prepare() throws(XenError) -> [StoreEntry] {
    do throws(XenError) {
      var entries = try frontend.prepare(
        backend: backend, values: { self.backendEntries.value($0) },
        openChannel: { () throws(XenError) -> any EventChannel in try self.openChannel(self.backend) })
      entries.append(
        StoreEntry("state", (frontend.waitsForBackend ? XenBusState.initialised : .connected).text))
      return entries
    } catch {
      // The frontend has not taken its channels over.
      frontend.disconnect()
      throw error
    }
  }

  private func start() throws(XenError) {
    // Restored meanwhile: what was prepared is void.
    guard !hasForgotten else { throw XenError("the domain was restored while " + folder + " was connected") }
    try frontend.start { self.backendEntries.value($0) }
  }

  private func stuck() -> XenError {
    XenError(stateInWords + " (state " + state.text + ")")
  }

  /// Where the backend is, and a watch of its state.
  private func findBackend() async throws(XenError) {
    let entries = try await store.read(["backend", "backend-id"], below: folder)
    guard try isNew(entries.value("backend"), entries.value("backend-id")) else { return }
    try await endWatch()
    watch = try await store.watch(backendFolder + "/state")
  }

  private func endWatch() async throws(XenError) {
    guard let old = watch else { return }
    watch = nil
    try await store.unwatch(old)
  }

  /// Whether the backend is another one than that which is watched; notes which one it is.
  private func isNew(_ path: String?, _ identifier: String?) throws(XenError) -> Bool {
    guard let path, let identifier, let backend = UInt64(digits: identifier, upTo: UInt64(UInt16.max)) else {
      throw XenError("xenstore has no backend at " + folder)
    }
    self.backend = UInt16(backend)
    guard watch == nil || path != backendFolder else { return false }
    backendFolder = path
    return true
  }

  /// What is waited for of a backend.
  private enum Goal {
    case ready, connected
    /// It has closed, or begins anew.
    case gone

    func isReached(_ state: XenBusState) -> Bool {
      switch state {
      case .initWait: self != .connected
      case .initialised: self == .ready
      case .connected: self == .connected
      case .closed, .unknown, .initialising: self == .gone
      case .closing, .reconfiguring, .reconfigured: false
      }
    }
  }

  /// Waits until the backend has reached `goal`; false after `timeout`, when the domain was restored, or when the backend
  /// closes and `closingEnds` the wait.
  private func waitForBackend(
    _ goal: Goal, _ timeout: Duration?, closingEnds: Bool
  ) async throws(XenError) -> Bool {
    let deadline = timeout.map { loop.now + $0 } ?? .never
    let watch = watch
    let timer = Timer(loop: loop) { watch?.notify() }
    timer.set(deadline)
    defer { timer.cancel() }
    while true {
      try await readState()
      if let outcome = outcome(goal, deadline, closingEnds: closingEnds) { return outcome }
      await watch?.change()
    }
  }

  /// Whether `goal` is reached; nil while it is to be waited for.
  @inline(never)
  private func outcome(_ goal: Goal, _ deadline: Instant, closingEnds: Bool) -> Bool? {
    if goal.isReached(state) { return true }
    // One that closes while it is to connect waits for us to close, too.
    let isOver = loop.now >= deadline || hasForgotten || closingEnds && state == .closing
    return isOver ? false : nil
  }

  private func readState() async throws(XenError) {
    state = XenBusState(try await store.readIfPresent(backendFolder + "/state"))
  }

  private func say(_ state: XenBusState) async throws(XenError) {
    try await store.write(folder + "/state", state.text)
  }

  // MARK: Staying connected

  /// Follows the backend for good, after `connect`. What cannot be connected is tried again for good.
  public func stayConnected(report: @escaping Report) async {
    while true { await turn(report) }
  }

  /// Follows one change.
  private func turn(_ report: Report) async {
    await watch?.change()
    do throws(XenError) {
      try await follow(report)
    } catch {
      failed(error, report)
      await loop.sleep(for: Self.retryInterval)
      watch?.notify()
    }
  }

  /// Connects anew where the backend has gone.
  private func follow(_ report: Report) async throws(XenError) {
    guard try await hasLeft(report) else { return }
    hasForgotten = false
    isUp = false
    try await say(.initialising)
    try await connect(timeout: nil)
    isUp = true
    lastWords = ""
    report(folder + " is connected again", true)
  }

  /// Whether the backend has gone, and knows that the frontend has, too: it may be connected anew.
  private func hasLeft(_ report: Report) async throws(XenError) -> Bool {
    if hasForgotten { return true }
    try await readState()
    guard isLost(report) else { return false }
    try await say(.closed)
    // A backend that found us initialising already would not know that we had closed.
    _ = try await waitForBackend(.gone, nil, closingEnds: false)
    return true
  }

  /// Whether the backend has gone since the frontend was connected; the frontend is then told.
  private func isLost(_ report: Report) -> Bool {
    // Still there, or about to change in a way that the next state tells.
    if isUp, state == .connected || state == .reconfiguring || state == .reconfigured { return false }
    if hasForgotten { return false }
    frontend.disconnect()
    isUp = false
    report(stateInWords, false)
    return true
  }

  private var stateInWords: String {
    @inline(never) get { "the backend of " + folder + " is " + state.name }
  }

  @inline(never)
  private func failed(_ error: XenError, _ report: Report) {
    isUp = false
    guard !hasForgotten else { return }
    frontend.disconnect()
    if error.description != lastWords { report(error.description, false) }
    lastWords = error.description
  }

  /// The domain was restored: the backend is another one, and the frontend forgets the old one.
  public func reconnect() {
    frontend.forget()
    hasForgotten = true
    watch?.notify()
  }
}
