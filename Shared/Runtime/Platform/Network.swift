/// An Internet address.
public enum IPAddress: Hashable, Sendable {
  /// An IPv4 address, most significant byte first.
  case v4(UInt32)
  /// An IPv6 address as its two halves, most significant first.
  case v6(UInt64, UInt64)

  /// 127.0.0.1.
  public static let loopback = IPAddress.v4(0x7f00_0001)
  /// 0.0.0.0: every IPv4 address of this machine.
  public static let any = IPAddress.v4(0)
}

/// An address and a port.
public struct Endpoint: Hashable, Sendable {
  /// The machine.
  public var address: IPAddress
  /// The TCP or UDP port.
  public var port: UInt16

  /// An endpoint at `address`.
  public init(_ address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// What a stream or a listener can fail with.
public enum NetworkError: Error, Equatable, Sendable {
  /// The deadline passed.
  case timedOut
  /// The peer refused the connection.
  case refused
  /// The peer or the network broke the connection.
  case reset
  /// Nothing routes there.
  case unreachable
  /// Somebody else listens there.
  case addressInUse
  /// We may not listen there.
  case notPermitted
  /// Out of connections, ports or memory: try again later.
  case exhausted
  /// This end was closed while somebody waited.
  case closed
}

/// What `ByteStream.receive` found.
public enum Received: Equatable, Sendable {
  /// So many bytes (at least 1) were copied out.
  case bytes(Int)
  /// Nothing has arrived: `waitReadable`, then ask again.
  case nothingYet
  /// The peer has finished sending; there will be no more.
  case end
}

/// One TCP connection. Only one task may wait for each direction at a time.
///
/// Moving bytes never waits and waiting never moves bytes, so no buffer is lent across a suspension and a
/// connection that waits needs none.
public protocol ByteStream: AnyObject {
  /// The other end.
  var peer: Endpoint { get }
  /// Copies bytes that have arrived into `room` (not empty). Never waits.
  func receive(into room: inout OutputRawSpan) throws(NetworkError) -> Received
  /// Hands over as many of `bytes` as fit; 0 when none do: `waitWritable`, then again. Never waits.
  func send(_ bytes: RawSpan) throws(NetworkError) -> Int
  /// Returns when `receive` has something to say. Throws `timedOut` at `deadline`, `closed` after `close`.
  func waitReadable(until deadline: Instant) async throws(NetworkError)
  /// Returns when `send` would take something. Throws `timedOut` at `deadline`, `closed` after `close`.
  func waitWritable(until deadline: Instant) async throws(NetworkError)
  /// Says that no more bytes follow (FIN); receiving goes on.
  func finish()
  /// Ends the connection and frees it. What was sent is still delivered if the peer lives and takes it, and nobody needs
  /// the place more. Safe to repeat.
  func close()
}

/// A port that accepts connections.
public protocol Listener: AnyObject {
  /// Where it listens.
  var endpoint: Endpoint { get }
  /// A connection that is ready, or nil. Never waits. Throws `exhausted` when one was refused for lack of memory or
  /// descriptors since this was last asked: who has connections to spare should end one.
  func accept() throws(NetworkError) -> (any ByteStream)?
  /// Returns when `accept` may have something. Throws `closed` after `close`.
  func waitAcceptable() async throws(NetworkError)
  /// Stops accepting; a waiter gets `closed`. Safe to repeat.
  func close()
}

/// TCP as the machine offers it: the kernel's sockets in a process, our own stack in an image.
public protocol Network: AnyObject {
  /// Starts to listen.
  func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener
  /// Opens a connection.
  func connect(to endpoint: Endpoint, until deadline: Instant) async throws(NetworkError) -> any ByteStream
  /// What this network counts, for `/metrics`. The same figures in the same order at every call.
  var figures: [NetworkFigure] { get }
}

/// A number that a network keeps about itself.
public struct NetworkFigure: Sendable {
  /// The name of the family, as Prometheus wants it, a space, and what the family counts, in a sentence without a full
  /// stop: `souk_tcp_resets_sent_total RSTs sent`. One text, as a literal costs code wherever it is passed.
  public let family: StaticString
  /// One label's name and value; nil when the family has one series only.
  public let label: (name: StaticString, value: StaticString)?
  /// Whether it only grows; otherwise it is a level.
  public let isCounter: Bool
  /// The number now.
  public let value: UInt64

  /// Bytes of the name, at the front of `family`.
  public var nameByteCount: Int {
    family.withUTF8Buffer { text in text.firstIndex(of: UInt8(ascii: " ")) ?? text.count }
  }

  /// The name of the family.
  public var name: String {
    family.withUTF8Buffer { text in String(decoding: text[..<nameByteCount], as: UTF8.self) }
  }
}

// There are a hundred, so what takes one is not inlined.
extension [NetworkFigure] {
  /// Adds a number that only grows.
  @inline(never)
  public mutating func count(
    _ family: StaticString, _ value: UInt64, _ label: (name: StaticString, value: StaticString)? = nil
  ) {
    append(NetworkFigure(family: family, label: label, isCounter: true, value: value))
  }

  /// Adds a number for each value of a label.
  @inline(never)
  public mutating func count(
    _ family: StaticString, by label: StaticString, _ labelValues: [StaticString], _ numbers: [UInt64]
  ) {
    for (value, number) in zip(labelValues, numbers) { count(family, number, (label, value)) }
  }

  /// Adds a level.
  @inline(never)
  public mutating func level(
    _ family: StaticString, _ value: UInt64, _ label: (name: StaticString, value: StaticString)? = nil
  ) {
    append(NetworkFigure(family: family, label: label, isCounter: false, value: value))
  }
}
