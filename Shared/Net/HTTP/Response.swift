import Bytes
import HTTPCore
import _Concurrency

/// An answer. The server adds `date`, the framing fields and `connection`.
public struct Response {
  /// What follows the head.
  public enum Body {
    /// Nothing: `content-length: 0`, unless the status forbids one.
    case empty
    /// All of it.
    case bytes([UInt8])
    /// Piece by piece: of `length` bytes in all, or chunked when that is not known.
    case stream(any BodySource, length: UInt64?)
    /// The source writes the whole message itself, head and framing included: for a proxy that passes bytes on.
    /// `status` and `fields` are not sent; `failed` breaks the connection.
    case message(any BodySource)
  }

  /// The source of a body that is made while it is sent.
  var source: (any BodySource)? {
    switch body {
    case .empty, .bytes: nil
    case .stream(let source, _), .message(let source): source
    }
  }

  /// The status.
  public var status: Status
  /// Fields in the order they are sent; names in lower case.
  public var fields: [(name: String, value: String)]
  /// The content.
  public var body: Body

  /// An answer with `fields` and `body`.
  public init(_ status: Status, fields: [(name: String, value: String)] = [], body: Body = .empty) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// Plain text.
  public static func text(_ status: Status, _ text: String) -> Response {
    var fields: [(name: String, value: String)] = []
    // Whoever makes it adds a few, and the front one: a list that grows is copied each time.
    fields.reserveCapacity(4)
    fields.append(("content-type", "text/plain; charset=utf-8"))
    return Response(status, fields: fields, body: .bytes(Array(text.utf8)))
  }

  /// The value of the first field called `name` (lower case).
  public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Replaces every field called `name` (lower case) by one.
  public mutating func set(_ name: String, _ value: String) {
    // Most often there is none: a list that is not changed is not copied.
    for index in fields.indices.reversed() where fields[index].name == name { fields.remove(at: index) }
    fields.append((name, value))
  }
}

/// What a body source did.
public enum BodyProgress: Equatable, Sendable {
  /// Appended at least one byte; ask again.
  case more
  /// The body is complete; nothing was appended by this call.
  case end
  /// The body cannot be completed: the connection is broken off, so that the receiver does not take it for whole.
  case failed
}

/// A body that is made while it is sent. The sender asks for the next piece only when the one before has been
/// handed to the network: that is the backpressure.
public protocol BodySource: AnyObject {
  /// Appends the next piece, at most about 64 KiB, to `buffer`.
  func next(into buffer: inout ByteBuffer) async -> BodyProgress
  /// The receiver went away; nothing more will be asked.
  func cancel()
}
