import HTTP
import HTTPCore
import JSON

// The answers that most programs give.
extension Response {
  /// One JSON value (RFC 8259), written by `body`.
  ///
  ///     .json(.ok) { $0.object { $0.field("greeting", "Hello") } }
  public static func json(_ status: Status, _ body: (inout JSONWriter) -> Void) -> Response {
    var writer = JSONWriter()
    body(&writer)
    return Response(status, fields: [("content-type", "application/json")], body: .bytes(writer.bytes))
  }

  /// All of `metrics`, as Prometheus reads them.
  public static func metrics(_ metrics: Metrics) -> Response {
    Response(
      .ok,
      fields: [
        ("content-type", "text/plain; version=0.0.4; charset=utf-8"), ("cache-control", "no-store"),
      ], body: .bytes(metrics.exposition()))
  }
}
