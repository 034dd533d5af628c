import Bytes
import _Concurrency

/// What a server asks for answers.
public protocol Handler: AnyObject {
  /// The hot path: appends a whole response, `Request.date` included, to `output` if that needs no waiting, and
  /// returns whether it did. Called only for requests without a body, over HTTP/1.1, on a connection that stays.
  func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool
  /// Answers a request. `request` is lent until this returns.
  func respond(to request: Request) async -> Response
}

extension Handler {
  /// Without a hot path every request goes through `respond`.
  public func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool { false }
}
