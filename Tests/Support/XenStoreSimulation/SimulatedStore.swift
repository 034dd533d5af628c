import CXen
import XenRing

/// A xenstored of one domain, in memory, at the other end of the shared page: nodes, watches, transactions. What it does
/// wrong on purpose is said by its properties.
public final class SimulatedStore: EventChannel {
  /// Bytes in each ring.
  static let ringByteCount: UInt32 = 1024

  private struct Watch {
    var path: String
    var token: String
  }

  /// The shared page.
  public let page: UnsafeMutableRawPointer
  /// The domain's number: relative paths are below its folder.
  public let domain: Int
  /// Every node with a value.
  public private(set) var nodes: [String: String] = [:]
  /// Transactions that will be refused when they end (EAGAIN).
  public var conflictCount = 0
  /// Bytes that it moves at once in either direction; a few make messages arrive in pieces.
  public var byteCountAtOnce = 1024
  /// Whether requests are taken, and never answered.
  public var isSilent = false
  /// Sent before the next reply, whatever it is.
  public var forgery: [UInt8] = []
  /// Is told of each request before it is answered.
  public var onRequest: () -> Void = {}
  /// Transactions that were ended with success.
  public private(set) var commitCount = 0

  public let port: UInt32 = 1
  private var watches: [Watch] = []
  private var transactions: [UInt32: [String: String?]] = [:]
  private var lastTransaction: UInt32 = 0
  private var incoming: [UInt8] = []
  private var outgoing: [UInt8] = []
  private var consumed: UInt32, produced: UInt32

  /// An empty store, whose rings' indices begin at `firstIndex`.
  public init(domain: Int = 7, firstIndex: UInt32 = 0) {
    self.domain = domain
    page = .allocate(byteCount: 4096, alignment: 4096)
    page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    for offset in [2048, 2052, 2056, 2060] {
      page.storeBytes(of: firstIndex, toByteOffset: offset, as: UInt32.self)
    }
    consumed = firstIndex
    produced = firstIndex
  }

  deinit { page.deallocate() }

  /// Nothing: `serve` is called by whoever drives the loop.
  public func notify() {}
  /// Nothing.
  public func close() {}

  // MARK: What others than the domain do

  /// Gives the node at `path` a value, or removes it and all below it; watches fire.
  public func set(_ path: String, _ value: String?) {
    let path = absolute(path)
    if let value {
      nodes[path] = value
    } else {
      for node in nodes.keys where node == path || node.hasPrefix(path + "/") { nodes[node] = nil }
    }
    fire(path)
  }

  /// The value at `path`.
  public subscript(_ path: String) -> String? { nodes[absolute(path)] }

  /// The rings' own indices, to be spoilt.
  public func setResponsesProduced(_ index: UInt32) {
    page.storeBytes(of: index, toByteOffset: 2060, as: UInt32.self)
  }

  /// The same of requests.
  public func setRequestsConsumed(_ index: UInt32) {
    page.storeBytes(of: index, toByteOffset: 2048, as: UInt32.self)
  }

  /// Forgets the transactions under way, as another xenstored does after a restore.
  public func forgetTransactions() { transactions.removeAll() }

  /// Whether a transaction is under way.
  public var hasTransaction: Bool { !transactions.isEmpty }

  // MARK: The protocol

  /// Takes what was asked, and answers; whether anything moved.
  public func serve() -> Bool {
    var isBusy = receive()
    while incoming.count >= 16 {
      let count = Int(word(3))
      guard incoming.count >= 16 + count else { break }
      let (kind, request, transaction) = (word(0), word(1), word(2))
      let payload = Array(incoming[16..<16 + count])
      incoming.removeFirst(16 + count)
      onRequest()
      if !isSilent { answer(kind, request, transaction, payload) }
    }
    if send() { isBusy = true }
    return isBusy
  }

  private func word(_ index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(incoming[4 * index + $1]) << UInt32(8 * $1) }
  }

  private func receive() -> Bool {
    let available = page.load(fromByteOffset: 2052, as: UInt32.self) &- consumed
    let count = min(available, UInt32(byteCountAtOnce))
    for _ in 0..<count {
      incoming.append(page.load(fromByteOffset: Int(consumed % Self.ringByteCount), as: UInt8.self))
      consumed &+= 1
    }
    if count > 0 { page.storeBytes(of: consumed, toByteOffset: 2048, as: UInt32.self) }
    return count > 0
  }

  private func send() -> Bool {
    let used = produced &- page.load(fromByteOffset: 2056, as: UInt32.self)
    let count = min(Int(Self.ringByteCount - used), outgoing.count, byteCountAtOnce)
    for byte in outgoing.prefix(count) {
      page.storeBytes(of: byte, toByteOffset: 1024 + Int(produced % Self.ringByteCount), as: UInt8.self)
      produced &+= 1
    }
    outgoing.removeFirst(count)
    if count > 0 { page.storeBytes(of: produced, toByteOffset: 2060, as: UInt32.self) }
    return count > 0
  }

  private func say(_ kind: UInt32, _ request: UInt32, _ payload: [UInt8]) {
    outgoing += forgery
    forgery = []
    for word in [kind, request, 0, UInt32(payload.count)] {
      outgoing += withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
    outgoing += payload
  }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "/local/domain/\(domain)/\(path)"
  }

  private func fire(_ path: String) {
    for watch in watches {
      let watched = absolute(watch.path)
      guard path == watched || path.hasPrefix(watched + "/") || watched.hasPrefix(path + "/") else {
        continue
      }
      let told = watch.path.hasPrefix("/") ? path : String(path.dropFirst(absolute("").utf8.count))
      say(15, 0, Array(told.utf8) + [0] + Array(watch.token.utf8) + [0])
    }
  }

  private func answer(_ kind: UInt32, _ request: UInt32, _ transaction: UInt32, _ payload: [UInt8]) {
    let parts = payload.split(separator: 0, omittingEmptySubsequences: false)
    let first = String(decoding: parts[0], as: UTF8.self)
    func fail(_ name: String) { say(16, request, Array(name.utf8) + [0]) }
    func ok() { say(kind, request, Array("OK".utf8) + [0]) }
    guard transaction == 0 || transactions[transaction] != nil else { return fail("ENOENT") }
    switch kind {
    case 1:
      let folder = absolute(first) + "/"
      let names = Set(
        nodes.keys.filter { $0.hasPrefix(folder) }.map { $0.dropFirst(folder.count).split(separator: "/")[0] }
      )
      if names.isEmpty { return fail("ENOENT") }
      say(kind, request, names.sorted().flatMap { Array($0.utf8) + [0] })
    case 2:
      let own = transactions[transaction]?[absolute(first)]
      guard let value = own ?? nodes[absolute(first)] else { return fail("ENOENT") }
      say(kind, request, Array(value.utf8))
    case 4:
      let token = String(decoding: parts[1], as: UTF8.self)
      watches.append(Watch(path: first, token: token))
      ok()
      say(15, 0, Array(first.utf8) + [0] + Array(token.utf8) + [0])
    case 5:
      let token = String(decoding: parts[1], as: UTF8.self)
      guard watches.contains(where: { $0.path == first && $0.token == token }) else { return fail("ENOENT") }
      watches.removeAll { $0.path == first && $0.token == token }
      ok()
    case 6:
      lastTransaction += 1
      transactions[lastTransaction] = [:]
      say(kind, request, Array(String(lastTransaction).utf8) + [0])
    case 7:
      let changes = transactions.removeValue(forKey: transaction) ?? [:]
      if first == "F" { return ok() }
      if conflictCount > 0 {
        conflictCount -= 1
        return fail("EAGAIN")
      }
      ok()
      commitCount += 1
      for (path, value) in changes.sorted(by: { $0.key < $1.key }) { set(path, value) }
    case 11:
      let value = String(decoding: payload[(parts[0].count + 1)...], as: UTF8.self)
      if value == "forbidden" { return fail("EACCES") }
      ok()
      if transaction == 0 { set(first, value) } else { transactions[transaction]![absolute(first)] = value }
    case 13:
      ok()
      if transaction == 0 {
        set(first, nil)
      } else {
        transactions[transaction]![absolute(first)] = .some(nil)
      }
    default: fail("ENOSYS")
    }
  }
}
