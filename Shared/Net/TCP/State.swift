// RFC 9293 §3.3.2 before changing this file.

/// Where a connection stands. LISTEN is no state of a connection: it belongs to whoever makes connections of SYNs.
public enum State: UInt8, Sendable, CaseIterable {
  /// SYN-SENT: we asked for a connection.
  case synSent
  /// SYN-RECEIVED: both have asked, ours is not acknowledged.
  case synReceived
  /// ESTABLISHED: data goes both ways.
  case established
  /// FIN-WAIT-1: we have finished; that is not acknowledged.
  case finWait1
  /// FIN-WAIT-2: we have finished, the peer goes on.
  case finWait2
  /// CLOSING: both have finished at once; ours is not acknowledged.
  case closing
  /// TIME-WAIT: all is done, and late segments must not meet a successor.
  case timeWait
  /// CLOSE-WAIT: the peer has finished, we go on.
  case closeWait
  /// LAST-ACK: both have finished; ours is not acknowledged.
  case lastAck
  /// CLOSED: nothing is left.
  case closed

  /// Whether both have seen each other's SYN acknowledged.
  public var isSynchronized: Bool {
    switch self {
    case .synSent, .synReceived, .closed: false
    default: true
    }
  }

  /// Whether the peer may still send data that somebody waits for.
  var expectsData: Bool { self == .established || self == .finWait1 || self == .finWait2 }

  /// The standard's name, for metrics.
  public var name: StaticString {
    switch self {
    case .synSent: "SYN-SENT"
    case .synReceived: "SYN-RECEIVED"
    case .established: "ESTABLISHED"
    case .finWait1: "FIN-WAIT-1"
    case .finWait2: "FIN-WAIT-2"
    case .closing: "CLOSING"
    case .timeWait: "TIME-WAIT"
    case .closeWait: "CLOSE-WAIT"
    case .lastAck: "LAST-ACK"
    case .closed: "CLOSED"
    }
  }
}

/// Why a connection ended without both ends having finished.
public enum Failure: Sendable, Equatable {
  /// The peer answered our SYN with RST.
  case refused
  /// The peer sent RST, or its FIN told us that our data was not read.
  case reset
  /// The peer did not answer for too long.
  case timedOut
  /// The network says that nobody is there.
  case unreachable
  /// This end gave it up.
  case aborted
}

/// What an event changed, for whoever holds the connection.
public struct Events: OptionSet, Sendable {
  /// The bits; they mean nothing outside this program.
  public let rawValue: UInt8
  /// Events from their bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Both ends are connected.
  public static let established = Events(rawValue: 1)
  /// There are bytes to read, or the end of them.
  public static let readable = Events(rawValue: 2)
  /// There is room for bytes to be sent.
  public static let writable = Events(rawValue: 4)
  /// The connection is over: `state` is TIME-WAIT or CLOSED, `failure` says whether it ended well.
  public static let ended = Events(rawValue: 8)
  /// Something must go out before the next segment is looked at, such as a duplicate ACK.
  public static let transmitNow = Events(rawValue: 16)
  /// The segment gets the RST that `TCPHeader(resetting:)` makes; the connection stays as it is.
  public static let answerReset = Events(rawValue: 32)
}
