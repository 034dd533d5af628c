/// A response's status (RFC 9110 §15).
public struct Status: Hashable, Sendable {
  /// The three digits, 100 to 999.
  public let code: UInt16

  /// A status by its code; traps outside 100 to 999.
  public init(_ code: UInt16) {
    precondition(code >= 100 && code <= 999)
    self.code = code
  }

  /// Takes a code that is known to be good.
  @inline(__always)
  init(unchecked code: UInt16) { self.code = code }

  /// 100 to 199: not the final answer.
  public var isInformational: Bool { code < 200 }
  /// 200 to 299.
  public var isSuccess: Bool { code >= 200 && code < 300 }
  /// 300 to 399.
  public var isRedirection: Bool { code >= 300 && code < 400 }
  /// 400 to 499.
  public var isClientError: Bool { code >= 400 && code < 500 }
  /// 500 and above.
  public var isServerError: Bool { code >= 500 }
  /// Whether an answer with this status never has content, whatever its fields say (RFC 9112 §6.3).
  public var forbidsContent: Bool { code < 200 || code == 204 || code == 304 }
}

extension Status {
  /// 100. Go on and send the content.
  public static let `continue` = Status(unchecked: 100)
  /// 101. Another protocol follows.
  public static let switchingProtocols = Status(unchecked: 101)
  /// 200. It worked.
  public static let ok = Status(unchecked: 200)
  /// 201. Something new exists.
  public static let created = Status(unchecked: 201)
  /// 202. It will be done later.
  public static let accepted = Status(unchecked: 202)
  /// 204. It worked, and there is nothing to say.
  public static let noContent = Status(unchecked: 204)
  /// 206. The range that was asked for.
  public static let partialContent = Status(unchecked: 206)
  /// 301. It lives elsewhere for good.
  public static let movedPermanently = Status(unchecked: 301)
  /// 302. It lives elsewhere for now.
  public static let found = Status(unchecked: 302)
  /// 303. The answer is to be fetched elsewhere with GET.
  public static let seeOther = Status(unchecked: 303)
  /// 304. What the client has is still right.
  public static let notModified = Status(unchecked: 304)
  /// 307. The same request, elsewhere, for now.
  public static let temporaryRedirect = Status(unchecked: 307)
  /// 308. The same request, elsewhere, for good.
  public static let permanentRedirect = Status(unchecked: 308)
  /// 400. The request cannot be understood.
  public static let badRequest = Status(unchecked: 400)
  /// 401. Credentials are missing or wrong.
  public static let unauthorized = Status(unchecked: 401)
  /// 402. The payment was declined.
  public static let paymentRequired = Status(unchecked: 402)
  /// 403. Understood and refused.
  public static let forbidden = Status(unchecked: 403)
  /// 404. There is no such thing.
  public static let notFound = Status(unchecked: 404)
  /// 405. The thing does not know this method.
  public static let methodNotAllowed = Status(unchecked: 405)
  /// 406. No representation that the client accepts.
  public static let notAcceptable = Status(unchecked: 406)
  /// 408. The request took too long to arrive.
  public static let requestTimeout = Status(unchecked: 408)
  /// 409. The thing is in another state.
  public static let conflict = Status(unchecked: 409)
  /// 410. It was there and will not come back.
  public static let gone = Status(unchecked: 410)
  /// 411. The content needs a length.
  public static let lengthRequired = Status(unchecked: 411)
  /// 412. A condition of the request does not hold.
  public static let preconditionFailed = Status(unchecked: 412)
  /// 413. More content than is taken.
  public static let contentTooLarge = Status(unchecked: 413)
  /// 414. A longer target than is taken.
  public static let uriTooLong = Status(unchecked: 414)
  /// 415. Content of a type that is not taken.
  public static let unsupportedMediaType = Status(unchecked: 415)
  /// 416. The range lies outside the content.
  public static let rangeNotSatisfiable = Status(unchecked: 416)
  /// 417. An expectation that is not known.
  public static let expectationFailed = Status(unchecked: 417)
  /// 421. This server does not answer for that host.
  public static let misdirectedRequest = Status(unchecked: 421)
  /// 422. Understood, but the content is wrong.
  public static let unprocessableContent = Status(unchecked: 422)
  /// 428. The request needs a condition.
  public static let preconditionRequired = Status(unchecked: 428)
  /// 429. Too much in too short a time.
  public static let tooManyRequests = Status(unchecked: 429)
  /// 431. More header than is taken.
  public static let requestHeaderFieldsTooLarge = Status(unchecked: 431)
  /// 500. The server failed.
  public static let internalServerError = Status(unchecked: 500)
  /// 501. The server does not know this method or coding.
  public static let notImplemented = Status(unchecked: 501)
  /// 502. The server behind answered nonsense.
  public static let badGateway = Status(unchecked: 502)
  /// 503. Not now: try again later.
  public static let serviceUnavailable = Status(unchecked: 503)
  /// 504. The server behind did not answer in time.
  public static let gatewayTimeout = Status(unchecked: 504)
  /// 505. A version other than HTTP/1.0 and HTTP/1.1.
  public static let httpVersionNotSupported = Status(unchecked: 505)
  /// 507. The disk is full.
  public static let insufficientStorage = Status(unchecked: 507)
}

extension Status {
  /// The reason phrase; empty for a code that has none here.
  public var reason: StaticString {
    switch code {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: ""
    }
  }
}
