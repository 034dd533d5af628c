import Bytes

/// What a frontend and a backend tell each other by their node `state` (xen/io/xenbus.h).
public enum XenBusState: Int {
  /// The node is not there, or says nothing known.
  case unknown = 0
  /// Not ready yet.
  case initialising = 1
  /// The backend has said what it can, and waits for the frontend.
  case initWait = 2
  /// The frontend has said what it wants, and waits for the backend.
  case initialised = 3
  /// Requests may be made.
  case connected = 4
  /// About to close.
  case closing = 5
  /// Closed.
  case closed = 6
  /// Used with devices that change while they work.
  case reconfiguring = 7, reconfigured = 8

  /// The state that the node's value names.
  public init(_ value: String?) {
    guard let value, let number = Int(digits: value), let state = XenBusState(rawValue: number) else {
      self = .unknown
      return
    }
    self = state
  }

  /// The node's value that names it.
  var text: String { String(rawValue) }

  /// Its name, for a console line.
  public var name: String {
    switch self {
    case .unknown: "unknown"
    case .initialising: "initialising"
    case .initWait: "waiting to start"
    case .initialised: "initialised"
    case .connected: "connected"
    case .closing: "closing"
    case .closed: "closed"
    case .reconfiguring: "reconfiguring"
    case .reconfigured: "reconfigured"
    }
  }
}
