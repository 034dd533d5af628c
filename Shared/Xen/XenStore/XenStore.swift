// Xen's docs/misc/xenstore.txt and xen/io/xs_wire.h before changing this file.

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

  /// A request without a reply yet.
  private final class Pending {
    let message: StoreMessage
    let point: WaitPoint
    var reply: Result<StoreMessage, XenError>?

    init(_ message: StoreMessage, _ loop: EventLoop) {
      self.message = message
      point = WaitPoint(loop: loop)
    }
  }

  private let loop: EventLoop
  private var channel: any EventChannel
  private var ring: StoreRing
  private var pending: [Pending] = []
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
  public func read(_ path: String, in transaction: StoreTransaction? = nil) async throws(XenError) -> String {
    try await ask(.read, Self.path(path), transaction).text
  }

  /// The value of the node at `path`, or nil when there is none.
  public func readIfPresent(_ path: String) async throws(XenError) -> String? {
    do throws(XenError) {
      return try await read(path)
    } catch {
      if error == .missing { return nil }
      throw error
    }
  }

  /// The names of the nodes below `path`.
  public func directory(_ path: String) async throws(XenError) -> [String] {
    try await ask(.directory, Self.path(path), nil).texts
  }

  /// Gives the node at `path` a value; makes it, and those above it, if they are not there.
  public func write(
    _ path: String, _ value: String, in transaction: StoreTransaction? = nil
  ) async throws(XenError) {
    _ = try await ask(.write, Self.path(path) + Array(value.utf8), transaction)
  }

  /// Removes the node at `path` and those below it.
  public func remove(_ path: String, in transaction: StoreTransaction? = nil) async throws(XenError) {
    _ = try await ask(.remove, Self.path(path), transaction)
  }

  /// Watches `path` and what is below it. The first change is reported at once (xenstore.txt, WATCH).
  public func watch(_ path: String) async throws(XenError) -> StoreWatch {
    lastRequest &+= 1
    let watch = StoreWatch(path: path, token: String(lastRequest))
    watches.append(watch)
    do throws(XenError) {
      _ = try await ask(.watch, Self.path(path) + Self.path(watch.token), nil)
    } catch {
      watches.removeAll { $0 === watch }
      throw error
    }
    return watch
  }

  /// Ends `watch`.
  public func unwatch(_ watch: StoreWatch) async throws(XenError) {
    watches.removeAll { $0 === watch }
    _ = try await ask(.unwatch, Self.path(watch.path) + Self.path(watch.token), nil)
  }

  /// Makes what `body` reads and writes one change; `body` runs again when another change came between.
  public func transaction(
    _ body: (StoreTransaction) async throws(XenError) -> Void
  ) async throws(XenError) {
    for _ in 0..<Self.maximumAttemptCount {
      let start = try await ask(.transactionStart, [0], nil)
      guard let number = UInt32(start.text), number != 0 else { throw .broken("a transaction has no number") }
      let transaction = StoreTransaction(number: number)
      do throws(XenError) {
        try await body(transaction)
      } catch {
        _ = try? await ask(.transactionEnd, [UInt8(ascii: "F"), 0], transaction)
        throw error
      }
      do throws(XenError) {
        _ = try await ask(.transactionEnd, [UInt8(ascii: "T"), 0], transaction)
        return
      } catch {
        guard error == .again else { throw error }
      }
    }
    throw .again
  }

  private static func path(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

  private func ask(
    _ kind: StoreMessage.Kind, _ payload: [UInt8], _ transaction: StoreTransaction?
  ) async throws(XenError) -> StoreMessage {
    if let failure { throw failure }
    guard payload.count <= StoreMessage.maximumPayloadByteCount else { throw .tooLong }
    lastRequest &+= 1
    let request = Pending(
      StoreMessage(kind, request: lastRequest, transaction: transaction?.number ?? 0, payload: payload), loop)
    pending.append(request)
    outgoing += request.message.bytes
    handleEvents()
    while request.reply == nil {
      do throws(NetworkError) {
        try await request.point.wait(until: loop.now + Self.replyTimeout)
      } catch {
        pending.removeAll { $0 === request }
        throw .timedOut
      }
    }
    return try request.reply!.get()
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
      for request in pending { finish(request, .failure(error)) }
      pending.removeAll()
      for watch in watches { watch.notify() }
    }
  }

  private func take(_ message: StoreMessage) {
    if message.kind == .watchEvent {
      let texts = message.texts
      guard texts.count >= 2 else { return }
      // Nobody has a watch that was just ended: its last events are dropped.
      for watch in watches where watch.token == texts[1] { watch.notify() }
      return
    }
    // Nobody waits for the reply to a request that was given up.
    guard let index = pending.firstIndex(where: { $0.message.request == message.request }) else { return }
    let request = pending.remove(at: index)
    if message.kind == .error {
      finish(request, .failure(XenError.named(message.text)))
    } else if message.kind == request.message.kind {
      finish(request, .success(message))
    } else {
      finish(request, .failure(.broken("a reply of another kind")))
    }
  }

  private func finish(_ request: Pending, _ reply: Result<StoreMessage, XenError>) {
    request.reply = reply
    request.point.resume()
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
      let payload = Self.path(watch.path) + Self.path(watch.token)
      outgoing += StoreMessage(.watch, request: lastRequest, transaction: 0, payload: payload).bytes
    }
    // In the order they were made. One in a transaction is refused, and its maker begins the transaction anew.
    for request in pending { outgoing += request.message.bytes }
    handleEvents()
  }
}

/// Changes that take place together, or not at all.
public struct StoreTransaction {
  let number: UInt32
}

/// A path that is watched.
public final class StoreWatch {
  /// What is watched.
  public let path: String
  let token: String
  private let signal = Signal()

  init(path: String, token: String) {
    self.path = path
    self.token = token
  }

  /// Returns after a change since the last call; several are told as one. One task waits at a time.
  public func change() async { await signal.wait() }

  /// Lets who waits look anyway.
  public func notify() { signal.notify() }
}
