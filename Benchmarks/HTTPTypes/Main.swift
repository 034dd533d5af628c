import Bytes
import HTTPCore
import HTTPTypes

/// What it costs to hand a parsed request on as an `HTTPTypes.HTTPRequest`.
/// Arguments: `ranges` or `types`, `wrk` or `browser`, and how many requests. `measure` runs it under callgrind.
@main
enum Main {
  static let wrk = "GET /api/v1/products/p1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"

  /// Twelve fields, as a browser sends them to the storefront.
  static let browser =
    "GET /search?q=ocean+shirt&tag=summer HTTP/1.1\r\nHost: shop.example.com:8080\r\n"
    + "Connection: keep-alive\r\nCache-Control: max-age=0\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
    + "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n"
    + "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    + "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
    + "Referer: http://shop.example.com:8080/\r\nAccept-Encoding: gzip, deflate, br\r\n"
    + "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nCookie: cart=abcdefghijklmnopqrstuv.0123456789abcdef\r\n\r\n"

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let count = Int(arguments[3]) else {
      print("usage: http-types-benchmark ranges|types wrk|browser COUNT")
      return
    }
    let bytes = Array((arguments[2] == "wrk" ? wrk : browser).utf8)
    var parser = RequestParser()
    var sum = 0
    for _ in 0..<count {
      if arguments[1] == "ranges" {
        sum &+= ranges(&parser, bytes.span.bytes)
      } else {
        sum &+= types(&parser, bytes.span.bytes)
      }
      parser.reset()
    }
    print(sum)
  }

  /// Our head: ranges into the received bytes; then one field is looked for, as every handler does.
  @inline(never)
  static func ranges(_ parser: inout RequestParser, _ input: RawSpan) -> Int {
    guard case .complete(let count) = parser.parse(input) else { return 0 }
    return count &+ (parser.head.value(of: .ifNoneMatch)?.count ?? 1)
  }

  /// The same parser, then a request of HTTPTypes out of its head; then the same field is looked for.
  @inline(never)
  static func types(_ parser: inout RequestParser, _ input: RawSpan) -> Int {
    guard case .complete(let count) = parser.parse(input) else { return 0 }
    let head = parser.head
    guard let method = HTTPRequest.Method(input.string(head.methodName)) else { return 0 }
    var request = HTTPRequest(
      method: method, scheme: "http", authority: input.string(head.host), path: input.string(head.target))
    for line in head.fields where line.known != .host {
      guard let name = HTTPField.Name(input.string(line.name)) else { return 0 }
      request.headerFields.append(HTTPField(name: name, value: input.string(line.value)))
    }
    return count &+ (request.headerFields[.ifNoneMatch]?.utf8.count ?? 1)
  }
}
