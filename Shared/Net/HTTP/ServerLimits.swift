import HTTPCore
import Platform

/// What one client may take of a server. Each limit has a defined answer.
public struct ServerLimits: Sendable {
  /// Sizes of a request's head; answers 414, 431 or 400.
  public var http = HTTPLimits()
  /// Connections at once. One more takes the place of one that waits for its client; if there is none it is answered 503
  /// and closed.
  public var maximumConnections = 4096
  /// From the first byte of a header section to its end; then 408.
  public var headerTimeout: Duration = .seconds(10)
  /// From a body's first read to its end; then 408.
  public var bodyTimeout: Duration = .seconds(30)
  /// Between requests of a connection; then it is closed without a word.
  public var idleTimeout: Duration = .seconds(75)
  /// For every `writeQuotaByteCount` of a response that the client is waited for; then the connection is closed.
  public var writeTimeout: Duration = .seconds(30)
  /// What a client has to take within `writeTimeout`, or the rest of what is waiting if that is less.
  public var writeQuotaByteCount = 64 << 10
  /// What is thrown away of a body that has arrived and nobody asked for, so that the connection can be kept.
  public var maximumDiscardedByteCount = 64 << 10
  /// Lingering close (RFC 9112 §9.6): read and thrown away so that the client sees our last answer.
  public var maximumLingerByteCount = 256 << 10
  /// Lingering close: the longest wait for the client to finish.
  public var lingerTimeout: Duration = .seconds(2)
  /// Answers to pipelined requests put together before they are sent.
  public var maximumPipelinedByteCount = 64 << 10
  /// Memory that the server keeps for putting answers together; what a larger answer took is given back.
  public var maximumKeptOutputByteCount = 512 << 10
  /// Answers to pipelined requests of one connection before the others get their turn.
  public var maximumAnswersInARow = 64
  /// Connections accepted before those that are open get their turn.
  public var maximumAcceptsInARow = 256

  /// The limits above.
  @inline(never)
  public init() {}
}
