import Bytes
import HTTPCore

/// Problem documents (RFC 9457) of the protocol itself: for requests that never reached a handler.
enum Problems {
  /// `{"type","title","status","detail"}`. Every part is a literal of ours that needs no escaping.
  static func document(_ status: Status, _ detail: StaticString) -> [UInt8] {
    var text = ByteBuffer(capacity: 256)
    text.append("{\"type\":\"/problems/")
    text.append(type(status))
    text.append("\",\"title\":\"")
    text.append(status.reason)
    text.append("\",\"status\":")
    text.append(decimal: Int(status.code))
    text.append(",\"detail\":\"")
    text.append(detail)
    text.append("\"}")
    return text.array()
  }

  static func response(_ status: Status, _ detail: StaticString) -> Response {
    Response(
      status, fields: [("content-type", "application/problem+json")],
      body: .bytes(document(status, detail)))
  }

  private static func type(_ status: Status) -> StaticString {
    switch status {
    case .requestTimeout: "timeout"
    case .contentTooLarge, .uriTooLong, .requestHeaderFieldsTooLarge: "too-large"
    case .notImplemented, .httpVersionNotSupported: "not-implemented"
    case .expectationFailed: "expectation-failed"
    case .serviceUnavailable: "unavailable"
    default: "malformed"
    }
  }
}
