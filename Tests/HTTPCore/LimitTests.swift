import HTTPCore
import Testing

/// Every limit is reached exactly, and exceeded by one.
@Suite struct LimitTests {
  private func text(_ count: Int, _ byte: String = "x") -> String { String(repeating: byte, count: count) }

  @Test func `a method of 32 bytes is read and one of 33 is 501 at its last byte`() {
    refused("\(text(32, "M")) / HTTP/1.1\r\nHost: a\r\n\r‸\n", .unknownMethod)
    refused("\(text(32, "M"))‸M / HTTP/1.1\r\n", .methodTooLong)
    #expect(Refusal.Reason.methodTooLong.status == .notImplemented)
  }

  @Test func `a target of 8 KiB is taken and one byte more is 414`() {
    let limit = HTTPLimits().maximumTargetByteCount
    #expect(limit == 8192)
    let path = "/" + text(limit - 1)
    #expect(accepted("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n").line[4] == path)
    refused("GET \(path)‸x HTTP/1.1\r\n", .targetTooLong)
    let query = "/?" + text(limit - 2)
    #expect(accepted("GET \(query) HTTP/1.1\r\nHost: a\r\n\r\n").line[3] == query)
    refused("GET \(query)‸x HTTP/1.1\r\n", .targetTooLong)
    #expect(Refusal.Reason.targetTooLong.status == .uriTooLong)
  }

  @Test func `the target limit holds in every form`() {
    var limits = HTTPLimits()
    limits.maximumTargetByteCount = 10
    #expect(accepted("GET http://abc HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits).line[6] == "abc")
    refused("GET http://abc‸d HTTP/1.1\r\nHost: a\r\n\r\n", .targetTooLong, limits: limits)
    refused("GET /%41%41%41‸%41 HTTP/1.1\r\n", .targetTooLong, limits: limits)
    refused("GET /abc%41%41‸%41 HTTP/1.1\r\n", .targetTooLong, limits: limits)
    refused("GET /a?b=%41%4‸1 HTTP/1.1\r\n", .targetTooLong, limits: limits)
    limits.maximumTargetByteCount = 1
    #expect(accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits).line[3] == "*")
    #expect(accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits).line[3] == "/")
    refused("GET /‸? HTTP/1.1\r\n", .targetTooLong, limits: limits)
  }

  @Test func `a header section of 32 KiB is taken and one byte more is 431`() {
    let limit = HTTPLimits().maximumHeaderByteCount
    #expect(limit == 32768)
    let line = "Host: a\r\nX: "
    let value = text(limit - line.utf8.count - 2)
    #expect(accepted("GET / HTTP/1.1\r\n\(line)\(value)\r\n\r\n").fields.count == 2)
    refused("GET / HTTP/1.1\r\n\(line)\(value)x\r‸\n\r\n", .headerTooLarge)
    refused("GET / HTTP/1.1\r\n\(line)\(value)xx‸\r\n\r\n", .headerTooLarge)
    refused("GET / HTTP/1.1\r\n\(line)\(value)\r\n‸Y: z\r\n\r\n", .headerTooLarge)
    #expect(Refusal.Reason.headerTooLarge.status == .requestHeaderFieldsTooLarge)
  }

  @Test func `the header limit holds inside every part of a line`() {
    for (limit, sample) in [
      (3, "Hos‸t: a"), (4, "Host‸: a"), (5, "Host:‸ a"), (6, "Host: ‸a"), (7, "Host: a‸bc"),
      (7, "Host: a‸\r\n"),
      (8, "Host: a\r‸\n"), (9, "Host: a\r\n‸X"), (18, "Content-Length: 55‸5"),
      (23, "Transfer-Encoding: chun‸ked"),
      (9, "Host: a  ‸ "),
    ] {
      var limits = HTTPLimits()
      limits.maximumHeaderByteCount = limit
      refused("GET / HTTP/1.1\r\n" + sample, .headerTooLarge, limits: limits)
    }
    var limits = HTTPLimits()
    limits.maximumHeaderByteCount = 9
    #expect(accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits).fields == ["Host: a"])
  }

  @Test func `512 bytes of Connection in all its lines are taken and one more is 431`() {
    let limit = HTTPLimits.maximumConnectionByteCount
    #expect(limit == 512)
    let lines = "Host: a\r\nConnection: \(text(limit / 4, "q,"))\r\nConnection: \(text(limit / 4, ",q"))"
    #expect(accepted("GET / HTTP/1.1\r\n\(lines)\r\n\r\n").fields.count == 3)
    refused("GET / HTTP/1.1\r\n\(lines)q‸\r\n\r\n", .headerTooLarge)
  }

  @Test func `100 fields are taken and one more is 431 at its first byte`() {
    #expect(HTTPLimits().maximumFieldCount == 100)
    let lines = "Host: a\r\n" + text(99, "X: y\r\n")
    #expect(accepted("GET / HTTP/1.1\r\n\(lines)\r\n").fields.count == 100)
    refused("GET / HTTP/1.1\r\n\(lines)‸X: y\r\n\r\n", .tooManyFields)
    #expect(Refusal.Reason.tooManyFields.status == .requestHeaderFieldsTooLarge)
  }
}
