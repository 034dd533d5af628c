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
    let initial = try await waitForBackend(timeout) { $0 == .initWait || $0 == .initialised }
    guard initial else { throw await stuck() }
    let values = try await backendValues()
    var channels: [any EventChannel] = []
    let entries: [StoreEntry]
    do throws(XenError) {
      entries = try frontend.prepare(
        backend: backend, values: { values[$0] },
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
    try await inWords { () async throws(StoreError) in
      try await self.store.transaction { (transaction) async throws(StoreError) in
        for entry in entries {
          try await self.store.write("\(folder)/\(entry.key)", entry.value, in: transaction)
        }
        try await self.store.write("\(folder)/state", String(state.rawValue), in: transaction)
      }
    }
    guard try await waitForBackend(timeout, until: { $0 == .connected }) else { throw await stuck() }
    let connected = try await backendValues()
    try frontend.start { connected[$0] }
    if frontend.waitsForBackend { try await say(.connected) }
  }

  /// Where the backend is, and a watch of its state.
  private func findBackend() async throws(XenError) {
    let folder = folder
    let (path, identifier) = try await inWords { () async throws(StoreError) -> (String?, String?) in
      (
        try await self.store.readIfPresent("\(folder)/backend"),
        try await self.store.readIfPresent("\(folder)/backend-id")
      )
    }
    guard let path, let identifier, let backend = UInt16(identifier) else {
      throw XenError("xenstore has no backend at \(folder)")
    }
    self.backend = backend
    guard watch == nil || path != backendFolder else { return }
    backendFolder = path
    let old = watch
    watch = nil
    watch = try await inWords { () async throws(StoreError) -> StoreWatch in
      if let old { try await self.store.unwatch(old) }
      return try await self.store.watch("\(path)/state")
    }
  }

  /// Waits until the backend's state is one of those wanted; false after `timeout`, or when the domain was restored.
  private func waitForBackend(
    _ timeout: Duration?, until isWanted: (XenBusState) -> Bool
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
      if isWanted(try await backendState()) { return true }
      if hasExpired || hasForgotten { return false }
      await watch?.change()
    }
  }

  private func stuck() async -> XenError {
    let state = (try? await backendState()) ?? .unknown
    return XenError("the backend of \(folder) is \(state.name) (state \(state.rawValue))")
  }

  private func backendState() async throws(XenError) -> XenBusState {
    let path = "\(backendFolder)/state"
    return XenBusState(
      try await inWords { () async throws(StoreError) -> String? in try await self.store.readIfPresent(path) })
  }

  private func backendValues() async throws(XenError) -> [String: String] {
    var values: [String: String] = [:]
    for key in frontend.backendKeys {
      let path = "\(backendFolder)/\(key)"
      let value = try await inWords { () async throws(StoreError) -> String? in
        try await self.store.readIfPresent(path)
      }
      if let value { values[key] = value }
    }
    return values
  }

  private func say(_ state: XenBusState) async throws(XenError) {
    let path = "\(folder)/state"
    try await inWords { () async throws(StoreError) in
      try await self.store.write(path, String(state.rawValue))
    }
  }

  private func inWords<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(XenError) -> Value {
    do throws(StoreError) {
      return try await body()
    } catch {
      throw XenError("xenstore: \(error.description)")
    }
  }

  // MARK: Staying connected

  /// Follows the backend for good, after `connect`. `report` is told, in words, when it goes, comes back, or cannot be
  /// connected; in the last case it is tried again at its next change.
  public func stayConnected(report: @escaping (String) -> Void) async {
    while true {
      await watch?.change()
      do throws(XenError) {
        if !hasForgotten {
          let state = try await backendState()
          // Still there, or about to change in a way that the next state tells.
          if state == .connected || state == .reconfiguring || state == .reconfigured { continue }
          if hasForgotten { continue }
          frontend.disconnect()
          report("the backend of \(folder) is \(state.name)")
          try await say(.closed)
        }
        hasForgotten = false
        try await say(.initialising)
        try await connect(timeout: nil)
        report("\(folder) is connected again")
      } catch {
        if !hasForgotten { report(error.description) }
      }
    }
  }

  /// The domain was restored: the backend is another one, and the frontend has forgotten the old one.
  public func reconnect() {
    hasForgotten = true
    watch?.notify()
  }
}
