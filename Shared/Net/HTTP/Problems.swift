import Bytes
import HTTPCore

/// Problem documents (RFC 9457) of the protocol itself: for requests that never reached a handler.
enum Problems {
  /// `{"type","title","status","detail"}`. Every part is a literal of ours that needs no escaping.
  static func document(_ status: Status, _ detail: StaticString) -> [UInt8] {
    var text = "{\"type\":\"/problems/"
    text += type(status)
    text += "\",\"title\":\"\(status.reason)\",\"status\":\(status.code),\"detail\":\"\(detail)\"}"
    return Array(text.utf8)
  }

  static func response(_ status: Status, _ detail: StaticString) -> Response {
    Response(
      status, fields: [("content-type", "application/problem+json")],
      body: .bytes(document(status, detail)))
  }

  private static func type(_ status: Status) -> String {
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
