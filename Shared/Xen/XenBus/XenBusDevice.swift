// xen/io/xenbus.h, netif.h and blkif.h (the state diagrams) before changing this file.

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

  private let frontend: any Frontend
  private let folder: String
  private let store: XenStore
  private let loop: EventLoop
  private let openChannel: ChannelMaker
  private var watch: StoreWatch?
  private var backendFolder = ""
  private var backend: UInt16 = 0
  private var hasForgotten = false

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
    let initial = try await waitForBackend(timeout, closingEnds: timeout == nil) {
      $0 == .initWait || $0 == .initialised
    }
    guard initial else { throw await stuck() }
    let offered = try await readBackend()
    var channels: [any EventChannel] = []
    let entries: [StoreEntry]
    do throws(XenError) {
      entries = try frontend.prepare(
        backend: backend, values: { Self.value($0, offered) },
        openChannel: { () throws(XenError) -> any EventChannel in
          let channel = try self.openChannel(self.backend)
          channels.append(channel)
          return channel
        })
    } catch {
      // The frontend has not taken them over.
      frontend.disconnect()
      throw error
    }
    let folder = folder
    let state: XenBusState = frontend.waitsForBackend ? .initialised : .connected
    try await store.transaction { (transaction) async throws(XenError) in
      for entry in entries {
        try await self.store.write(folder + "/" + entry.key, entry.value, in: transaction)
      }
      try await self.store.write(folder + "/state", String(state.rawValue), in: transaction)
    }
    guard try await waitForBackend(timeout, closingEnds: timeout == nil, until: { $0 == .connected }) else {
      throw await stuck()
    }
    let connected = try await readBackend()
    // Restored meanwhile: what was prepared is void.
    guard !hasForgotten else { throw await stuck() }
    try frontend.start { Self.value($0, connected) }
    if frontend.waitsForBackend { try await say(.connected) }
  }

  private static func value(_ key: String, _ entries: [StoreEntry]) -> String? {
    entries.first { $0.key == key }?.value
  }

  /// Where the backend is, and a watch of its state.
  private func findBackend() async throws(XenError) {
    guard let path = try await store.readIfPresent(folder + "/backend"),
      let identifier = try await store.readIfPresent(folder + "/backend-id"),
      let backend = UInt16(identifier)
    else {
      throw XenError("xenstore has no backend at \(folder)")
    }
    self.backend = backend
    guard watch == nil || path != backendFolder else { return }
    backendFolder = path
    let old = watch
    watch = nil
    if let old { try await store.unwatch(old) }
    watch = try await store.watch(path + "/state")
  }

  /// Waits until the backend's state is one of those wanted; false after `timeout`, when the domain was restored, or when
  /// the backend closes and `closingEnds` the wait.
  private func waitForBackend(
    _ timeout: Duration?, closingEnds: Bool = false, until isWanted: (XenBusState) -> Bool
  ) async throws(XenError) -> Bool {
    let deadline = timeout.map { loop.now + $0 } ?? .never
    var hasExpired = false
    let watch = watch
    let timer = Timer(loop: loop) {
      hasExpired = true
      watch?.notify()
    }
    if deadline != .never { timer.set(deadline) }
    defer { timer.cancel() }
    while true {
      let state = try await backendState()
      if isWanted(state) { return true }
      // One that closes while it is to connect waits for us to close, too.
      if hasExpired || hasForgotten || closingEnds && state == .closing { return false }
      await watch?.change()
    }
  }

  private func stuck() async -> XenError {
    let state = (try? await backendState()) ?? .unknown
    return XenError("the backend of \(folder) is \(state.name) (state \(state.rawValue))")
  }

  private func backendState() async throws(XenError) -> XenBusState {
    XenBusState(try await store.readIfPresent(backendFolder + "/state"))
  }

  /// What the backend says now, of what the frontend asks for.
  private func readBackend() async throws(XenError) -> [StoreEntry] {
    var entries: [StoreEntry] = []
    for key in frontend.backendKeys {
      if let value = try await store.readIfPresent(backendFolder + "/" + key) {
        entries.append(StoreEntry(key, value))
      }
    }
    return entries
  }

  private func say(_ state: XenBusState) async throws(XenError) {
    try await store.write(folder + "/state", String(state.rawValue))
  }

  // MARK: Staying connected

  /// Follows the backend for good, after `connect`. `report` is told, in words, when it goes or cannot be connected (false),
  /// and when it is connected again (true). What cannot be connected is tried again for good.
  public func stayConnected(report: @escaping (String, _ isConnected: Bool) -> Void) async {
    var isUp = true
    var lastWords = ""
    while true {
      await watch?.change()
      do throws(XenError) {
        if !hasForgotten {
          let state = try await backendState()
          // Still there, or about to change in a way that the next state tells.
          if isUp, state == .connected || state == .reconfiguring || state == .reconfigured { continue }
          if hasForgotten { continue }
          frontend.disconnect()
          isUp = false
          report("the backend of \(folder) is \(state.name)", false)
          try await say(.closed)
          // A backend that found us initialising already would not know that we had closed.
          _ = try await waitForBackend(nil) {
            $0 == .closed || $0 == .unknown || $0 == .initialising || $0 == .initWait
          }
        }
        hasForgotten = false
        isUp = false
        try await say(.initialising)
        try await connect(timeout: nil)
        isUp = true
        lastWords = ""
        report("\(folder) is connected again", true)
      } catch {
        isUp = false
        if !hasForgotten {
          frontend.disconnect()
          if error.description != lastWords { report(error.description, false) }
          lastWords = error.description
        }
        await loop.sleep(for: Self.retryInterval)
        watch?.notify()
      }
    }
  }

  /// The domain was restored: the backend is another one, and the frontend has forgotten the old one.
  public func reconnect() {
    hasForgotten = true
    watch?.notify()
  }
}
