// Xen's docs/misc/xenstore.txt and xen/io/xs_wire.h before changing this file.

import Bytes
import EventLoop
import Platform
import XenRing
import _Concurrency

/// A client of xenstored, the daemon that holds what the toolstack and the backends say about this domain. Paths are
/// relative to the domain's own, or absolute.
///
/// Who drives the loop calls `handleEvents` once a turn. Every request ends: with its reply, with the daemon's error, or
/// `timedOut`.
public final class XenStore {
  /// How long a request waits for its reply.
  public static let replyTimeout = Duration.seconds(30)
  /// Times that a transaction is tried.
  static let maximumAttemptCount = 16
  /// XENSTORE_ABS_PATH_MAX.
  static let maximumPathByteCount = 3072

  private let loop: EventLoop
  private var channel: any EventChannel
  private var ring: StoreRing
  private var pending: [StoreRequest] = []
  private var watches: [StoreWatch] = []
  private var outgoing: [UInt8] = []
  private var sent = 0
  private var incoming: [UInt8] = []
  private var lastRequest: UInt32 = 0
  private var failure: XenError?

  /// A client over the shared `page`, whose events come and go by `channel`.
  public init(page: UnsafeMutableRawPointer, channel: any EventChannel, loop: EventLoop) {
    ring = StoreRing(page: page)
    self.channel = channel
    self.loop = loop
  }

  // MARK: Requests

  /// The value of the node at `path`.
  public func read(_ path: String) async throws(XenError) -> String { try await ask(.read, path).text() }

  /// The value of the node at `path`, or nil when there is none.
  public func readIfPresent(_ path: String) async throws(XenError) -> String? {
    try await ask(.read, path).textIfPresent()
  }

  /// Of the nodes at `keys` below `folder` those that are there.
  public func read(_ keys: [String], below folder: String) async throws(XenError) -> [StoreEntry] {
    var entries: [StoreEntry] = []
    for key in keys {
      if let value = try await readIfPresent(folder + "/" + key) { entries.append(StoreEntry(key, value)) }
    }
    return entries
  }

  /// The names of the nodes below `path`.
  public func directory(_ path: String) async throws(XenError) -> [String] {
    try await ask(.directory, path).texts()
  }

  /// Gives the node at `path` a value; makes it, and those above it, if they are not there.
  public func write(_ path: String, _ value: String) async throws(XenError) {
    try await ask(.write, path, value).check()
  }

  /// Gives the nodes at `entries`' keys below `folder` their values, in one change: all of them, or none. Tried again
  /// when another change came between.
  public func write(_ entries: [StoreEntry], below folder: String) async throws(XenError) {
    for _ in 0..<Self.maximumAttemptCount {
      guard let failure = try await attempt(entries, folder) else { return }
      // Missing is the transaction itself, as writing makes whatever is not there: the store was restored meanwhile.
      guard failure == .again || failure == .missing else { throw failure }
    }
    throw .again
  }

  /// One try of a change; returns why it failed, if it did.
  private func attempt(_ entries: [StoreEntry], _ folder: String) async throws(XenError) -> XenError? {
    let transaction = try await ask(.transactionStart).transaction()
    let failure = await write(entries, folder, in: transaction)
    let end = await ask(.transactionEnd, failure == nil ? "T" : "F", in: transaction)
    return failure ?? end.failure
  }

  /// Writes up to the first that fails; returns why it did.
  private func write(
    _ entries: [StoreEntry], _ folder: String, in transaction: StoreTransaction
  ) async -> XenError? {
    for entry in entries {
      let request = await ask(.write, folder + "/" + entry.key, entry.value, in: transaction)
      if let failure = request.failure { return failure }
    }
    return nil
  }

  /// Removes the node at `path` and those below it.
  public func remove(_ path: String) async throws(XenError) { try await ask(.remove, path).check() }

  /// Watches `path` and what is below it. The first change is reported at once (xenstore.txt, WATCH).
  public func watch(_ path: String) async throws(XenError) -> StoreWatch {
    lastRequest &+= 1
    let watch = StoreWatch(path: path, token: String(lastRequest))
    watches.append(watch)
    let request = await ask(.watch, path, watch.endedToken)
    if request.failure != nil { drop(watch) }
    try request.check()
    return watch
  }

  /// Ends `watch`.
  public func unwatch(_ watch: StoreWatch) async throws(XenError) {
    drop(watch)
    try await ask(.unwatch, watch.path, watch.endedToken).check()
  }

  private func drop(_ watch: StoreWatch) {
    if let index = watches.firstIndex(where: { $0 === watch }) { watches.remove(at: index) }
  }

  /// Sends a request, and returns when it has ended. Its payload is `path`, a zero byte and `rest`.
  private func ask(
    _ kind: StoreMessage.Kind, _ path: String = "", _ rest: String = "",
    in transaction: StoreTransaction? = nil
  ) async -> StoreRequest {
    let request = submit(kind, path, rest, transaction)
    if !request.hasEnded {
      do throws(NetworkError) {
        try await request.point.wait(until: loop.now + Self.replyTimeout)
      } catch {
        drop(request)
      }
    }
    return request
  }

  private func submit(
    _ kind: StoreMessage.Kind, _ path: String, _ rest: String, _ transaction: StoreTransaction?
  ) -> StoreRequest {
    lastRequest &+= 1
    let message = StoreMessage(
      kind, request: lastRequest, transaction: transaction?.number ?? 0, path, rest)
    let request = StoreRequest(message, loop: loop)
    if let failure {
      request.fail(failure)
    } else if message.payload.count > StoreMessage.maximumPayloadByteCount {
      request.fail(.tooLong)
    } else {
      pending.append(request)
      outgoing += message.bytes
      handleEvents()
    }
    return request
  }

  /// Gives a request up whose reply did not come in time.
  private func drop(_ request: StoreRequest) {
    _ = takeRequest(request.message.request)
    request.fail(.timedOut)
  }

  // MARK: Events

  /// Sends what waits, and takes what has arrived.
  public func handleEvents() {
    guard failure == nil else { return }
    do throws(XenError) {
      var moved = 0
      if sent < outgoing.count {
        let count = try ring.write(outgoing, from: sent)
        sent += count
        moved += count
        if sent == outgoing.count {
          outgoing.removeAll(keepingCapacity: true)
          sent = 0
        }
      }
      moved += try ring.read(into: &incoming)
      if moved > 0 { channel.notify() }
      while let message = try StoreMessage(takenFrom: &incoming) { take(message) }
    } catch {
      failure = error
      for request in pending { request.fail(error) }
      pending.removeAll()
      for watch in watches { watch.notify() }
    }
  }

  private func take(_ message: StoreMessage) {
    if message.kind == .watchEvent {
      let texts = StoreMessage.texts(message.payload)
      guard texts.count >= 2 else { return }
      // Nobody has a watch that was just ended: its last events are dropped.
      for watch in watches where watch.token == texts[1] { watch.notify() }
      return
    }
    // Nobody waits for the reply to a request that was given up.
    guard let request = takeRequest(message.request) else { return }
    if message.kind == .error {
      request.fail(.named(StoreMessage.text(message.payload)))
    } else if message.kind == request.message.kind {
      request.end(with: message.payload)
    } else {
      request.fail(.broken("a reply of another kind"))
    }
  }

  /// Takes the request of that number out of those without a reply; nil when there is none.
  private func takeRequest(_ number: UInt32) -> StoreRequest? {
    guard let index = pending.firstIndex(where: { $0.message.request == number }) else { return nil }
    return pending.remove(at: index)
  }

  // MARK: After a restore

  /// Goes on with another daemon, of the host that the domain was restored on: it knows neither this domain's watches nor
  /// what it was asked.
  public func resume(page: UnsafeMutableRawPointer, channel: any EventChannel) {
    self.channel = channel
    ring = StoreRing(page: page)
    failure = nil
    incoming.removeAll()
    outgoing.removeAll()
    sent = 0
    for watch in watches {
      lastRequest &+= 1
      outgoing +=
        StoreMessage(.watch, request: lastRequest, transaction: 0, watch.path, watch.endedToken).bytes
    }
    // In the order they were made. One in a transaction is refused, and its maker begins the transaction anew.
    for request in pending { outgoing += request.message.bytes }
    handleEvents()
  }
}

/// Changes that take place together, or not at all.
struct StoreTransaction {
  let number: UInt32
}

/// A path that is watched.
public final class StoreWatch {
  /// What is watched.
  public let path: String
  let token: String
  private let signal = Signal()
  /// The token as a message has it, with a zero byte.
  var endedToken: String { token + "\0" }

  init(path: String, token: String) {
    self.path = path
    self.token = token
  }

  /// Returns after a change since the last call; several are told as one. One task waits at a time.
  @inline(never)
  public func change() async { await signal.wait() }

  /// Lets who waits look anyway.
  public func notify() { signal.notify() }
}
