import Bytes
import HTTP
import HTTPCore
import JSON

extension Problem {
  /// The answer: `application/problem+json`, never cached, with the fields that its status asks for.
  public var response: Response {
    @inline(never) get {
      var fields: [(name: String, value: String)] = [
        ("content-type", "application/problem+json"), ("cache-control", "no-store"),
      ]
      if let retryAfterSeconds { fields.append(("retry-after", String(retryAfterSeconds))) }
      if let allow { fields.append(("allow", allow)) }
      if statusCode == 401 { fields.append(("www-authenticate", "Bearer")) }
      return Response(Status(statusCode), fields: fields, body: .bytes(document))
    }
  }

  /// The problem that tells a client why its message was refused.
  @inline(never)
  public init(_ refusal: Refusal) {
    let type: ProblemType =
      switch refusal.status.code {
      case 408: .timeout
      case 413, 414, 431: .tooLarge
      case 417: .expectationFailed
      case 501, 505: .notImplemented
      default: .malformed
      }
    self.init(type, refusal.reason.description.description)
    statusCode = refusal.status.code
    retryAfterSeconds = nil
  }

  /// The problem that tells a client why its body could not be read.
  @inline(never)
  public init(_ error: BodyError) {
    switch error {
    case .tooLarge(let limit):
      self.init(.tooLarge, "The body may have at most " + String(limit) + " bytes.")
    case .timedOut: self.init(Refusal(.bodyTimedOut))
    case .malformed(let refusal): self.init(refusal)
    case .disconnected: self.init(.malformed, "The body ended early.")
    }
  }
}

extension Response {
  /// An answer in JSON; `body` writes it.
  public static func json(_ status: Status = .ok, _ body: (inout JSONWriter) -> Void) -> Response {
    var writer = JSONWriter(capacity: 1024)
    body(&writer)
    return Response(
      status, fields: [("content-type", "application/json")], body: .bytes(writer.bytes))
  }

  /// The answer with one more field (name in lower case).
  public consuming func with(_ name: String, _ value: String) -> Response {
    fields.append((name, value))
    return self
  }
}

extension Request {
  /// The values of all fields of this name as one list (RFC 9110 §5.3). Cookies, which a client of HTTP/2 may send in
  /// several fields, are joined in their own way (RFC 9113 §8.2.3).
  @inline(never)
  public func fieldList(_ known: KnownField) -> String {
    var list = ""
    for field in head.fields where field.known == known {
      if !list.isEmpty { list += known == .cookie ? "; " : ", " }
      list += string(field.value)
    }
    return list
  }
}
