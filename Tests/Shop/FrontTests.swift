import Bytes
import EventLoop
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Platform
import Shop
import Testing

private enum Path { case open, admin, inside, json, raw, guarded, subject, fails, hot }

private final class Sample: ShopService {
  var readiness = Readiness.ready
  var deadline: Instant?
  var trace: RequestTrace?

  var rules: [RouteRule<Path>] {
    [
      RouteRule(.get, "/hot", .hot),
      RouteRule(.get, "/open/{id}", .open),
      RouteRule(.post, "/open/{id}", .open),
      RouteRule(.post, "/admin", .admin, access: .admin, body: .json),
      RouteRule(.get, "/internal/v1/x", .inside, access: .internal),
      RouteRule(.post, "/json", .json, body: .json),
      RouteRule(.put, "/raw", .raw, body: .raw(limit: 8, mediaTypes: ["image/png", "image/webp"])),
      RouteRule(.put, "/guarded", .guarded, body: .json, needsIfMatch: true),
      RouteRule(.put, "/subject/{id}", .subject, access: .admin, body: .json, findsSubject: true),
      RouteRule(.get, "/fails", .fails),
    ]
  }

  func findSubject(of call: Call<Path>) async throws(Problem) {
    if call.parameters[0] != "there" { throw .notFound("subject") }
  }

  func respond(to call: Call<Path>) async throws(Problem) -> Response {
    deadline = call.deadline
    trace = call.trace
    switch call.route {
    case .fails: throw .internal
    case .json:
      var body = BodyReader(call.json)
      let name = body.string("name")
      try body.check()
      return .text(.ok, name)
    case .raw: return .text(.ok, String(call.body.count))
    case .open: return .text(.ok, call.parameters[0])
    default: return .text(.ok, "done")
    }
  }

  func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool {
    guard request.pathString() == "/hot", !request.hasField(.accept) else { return false }
    output.append("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhot")
    return true
  }

  func isReady() async -> Readiness { readiness }
}

private final class Stand {
  let machine: TestMachine
  let sample = Sample()
  let metrics = Metrics()
  let client: HTTPClient

  init(_ machine: TestMachine) {
    self.machine = machine
    let front = Front(
      sample, settings: try! ServiceSettings(KeyedLines(goodSettings)), loop: machine.loop, log: machine.log,
      metrics: metrics)
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: metrics, handler: front)
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    machine.loop.spawn { await server.serve(on: listener) }
    client = HTTPClient(
      network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "shop")
  }

  func send(
    _ method: HTTPCore.Method, _ target: String, _ body: String = "",
    _ fields: [(name: String, value: String)] = []
  ) async -> ClientResponse {
    let request = ClientRequest(method, target, fields: fields, body: Array(body.utf8))
    let response = try? await client.send(request, until: machine.loop.now + .seconds(20))
    return response ?? ClientResponse(status: Status(999), fields: [], body: [])
  }

  func status(
    _ method: HTTPCore.Method, _ target: String, _ body: String = "",
    _ fields: [(name: String, value: String)] = []
  ) async -> UInt16 {
    await send(method, target, body, fields).status.code
  }
}

private let json = [(name: "content-type", value: "application/json")]
private let text = [(name: "content-type", value: "text/plain")]
private let admin = [(name: "authorization", value: "Bearer " + goodSettings["secret.admin"]!)]

private func withStand(_ body: @escaping (Stand) async -> Void) {
  withLoop { machine in await body(Stand(machine)) }
}

struct FrontTests {
  @Test func `an unknown path is 404, a wrong method 405 with Allow, OPTIONS says the same`() {
    withStand { stand in
      #expect(await stand.status(.get, "/nowhere") == 404)
      let wrong = await stand.send(.delete, "/open/7")
      #expect(wrong.status.code == 405)
      #expect(wrong.field(named: "allow") == "GET, HEAD, POST, OPTIONS")
      #expect(wrong.field(named: "content-type") == "application/problem+json")
      let options = await stand.send(.options, "/open/7")
      #expect(options.status.code == 204)
      #expect(options.field(named: "allow") == "GET, HEAD, POST, OPTIONS")
      #expect(await stand.status(.head, "/open/7") == 200)
    }
  }

  @Test func `each check comes in its place`() {
    withStand { stand in
      let large = "\"" + String(repeating: "x", count: RouteBody.jsonLimit) + "\""
      // 404 of the subject before 401, 401 before 413, 413 before 415, 415 before 400.
      #expect(await stand.status(.put, "/subject/absent", large, text) == 404)
      #expect(await stand.status(.put, "/subject/there", large, text) == 401)
      #expect(await stand.status(.put, "/subject/there", large, text + admin) == 413)
      #expect(await stand.status(.put, "/subject/there", "{", text + admin) == 415)
      #expect(await stand.status(.put, "/subject/there", "{", json + admin) == 400)
      #expect(await stand.status(.put, "/subject/there", "{}", json + admin) == 200)
      // 400 before 428.
      #expect(await stand.status(.put, "/guarded", "{", json) == 400)
      #expect(await stand.status(.put, "/guarded", "{}", json) == 428)
      let tags = ["\"a\"": UInt16(200), "*": 200, "a": 400, "": 400]
      for (tag, status) in tags {
        #expect(await stand.status(.put, "/guarded", "{}", json + [("if-match", tag)]) == status, "\(tag)")
      }
    }
  }

  @Test func `admin and internal paths need their own secret`() {
    withStand { stand in
      let secret = goodSettings["secret.internal"]!
      let refused = await stand.send(.post, "/admin", "{}", json)
      #expect(refused.status.code == 401)
      #expect(refused.field(named: "www-authenticate") == "Bearer")
      #expect(await stand.status(.post, "/admin", "{}", json + admin) == 200)
      #expect(await stand.status(.post, "/admin", "{}", json + admin + admin) == 401)
      #expect(await stand.status(.get, "/internal/v1/x", "", admin) == 401)
      for (value, status) in [
        ("Bearer " + secret, UInt16(200)), ("bearer " + secret, 200), ("Bearer " + secret + "x", 401),
        ("Bearer", 401), ("Bearer ", 401), (secret, 401), ("Basic " + secret, 401),
      ] {
        #expect(await stand.status(.get, "/internal/v1/x", "", [("authorization", value)]) == status)
      }
    }
  }

  @Test func `a path without a body takes none or an object`() {
    withStand { stand in
      #expect(await stand.status(.post, "/open/7") == 200)
      #expect(await stand.status(.post, "/open/7", "{}", json) == 200)
      #expect(await stand.status(.post, "/open/7", "{\"x\":[1]}", json) == 200)
      #expect(await stand.status(.post, "/open/7", "7", json) == 422)
      #expect(await stand.status(.post, "/open/7", "{", json) == 400)
      #expect(await stand.status(.post, "/open/7", "{}", text) == 415)
      #expect(await stand.status(.post, "/open/7", "{}") == 415)
    }
  }

  @Test func `JSON needs its media type, bytes and syntax`() {
    withStand { stand in
      #expect(await stand.status(.post, "/json", "{\"name\":\"x\"}", json) == 200)
      let latin = [(name: "content-type", value: "application/json; charset=utf-8")]
      #expect(await stand.status(.post, "/json", "{\"name\":\"x\"}", latin) == 200)
      #expect(await stand.status(.post, "/json", "", json) == 400)
      #expect(await stand.status(.post, "/json", "") == 400)
      #expect(await stand.status(.post, "/json", "", text) == 415)
      #expect(await stand.status(.post, "/json", "{\"name\":1,\"name\":2}", json) == 400)
      let invalid = await stand.send(.post, "/json", "{\"name\":1}", json)
      #expect(invalid.status.code == 422)
      #expect((try? JSON.parse(invalid.body))?["errors"]?.array?[0]["pointer"]?.string == "/name")
      #expect(await stand.status(.post, "/json", "{\"name\":\"x\"}", json + json) == 415)
    }
  }

  @Test func `a number out of range is told of the field that has it, and nobody else minds it`() {
    withStand { stand in
      let huge = "99999999999999999999"
      let wrong = await stand.send(.post, "/json", "{\"name\":\(huge)}", json)
      #expect(wrong.status.code == 422)
      #expect((try? JSON.parse(wrong.body))?["errors"]?.array?[0]["pointer"]?.string == "/name")
      #expect(await stand.status(.post, "/json", "{\"name\":\"x\",\"other\":[\(huge),1e999]}", json) == 200)
    }
  }

  @Test func `bytes are taken up to their limit in one of their media types`() {
    withStand { stand in
      let png = [(name: "content-type", value: "image/png")]
      #expect(String(decoding: await stand.send(.put, "/raw", "12345678", png).body, as: UTF8.self) == "8")
      #expect(await stand.status(.put, "/raw", "123456789", png) == 413)
      #expect(await stand.status(.put, "/raw", "1", text) == 415)
      #expect(await stand.status(.put, "/raw", "", png) == 400)
    }
  }

  @Test func `a request keeps its id if it is one, and gets one if not`() {
    withStand { stand in
      let kept = await stand.send(.get, "/open/7", "", [("x-request-id", "a.b-C_9")])
      #expect(kept.field(named: "x-request-id") == "a.b-C_9")
      for id in ["", "a b", String(repeating: "a", count: 129), "ä"] {
        let made = await stand.send(.get, "/nowhere", "", [("x-request-id", id)]).field(named: "x-request-id")
        #expect(made != nil && made != id && made != "")
      }
      let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      _ = await stand.send(.get, "/open/7", "", [("traceparent", parent), ("x-request-id", "q")])
      #expect(stand.sample.trace == RequestTrace(requestID: "q", traceparent: parent))
    }
  }

  @Test func `a caller's time-out shortens the deadline and never lengthens it`() {
    withStand { stand in
      func left(_ milliseconds: String) async -> Duration {
        let before = stand.machine.loop.now
        _ = await stand.send(.get, "/open/7", "", [(ServiceClient.timeoutField, milliseconds)])
        return stand.sample.deadline! - before
      }
      #expect(await left("100") < .seconds(5))
      #expect(await left("600000") < .seconds(60))
      #expect(await left("-1") > .seconds(5))
      #expect(await left("soon") > .seconds(5))
    }
  }

  @Test func `health is served, and readiness says what is missing`() {
    withStand { stand in
      #expect(await stand.status(.get, "/livez") == 200)
      #expect(await stand.status(.get, "/readyz") == 200)
      #expect(await stand.status(.post, "/readyz") == 405)
      stand.sample.readiness = .notReady("The catalog does not answer.")
      let answer = await stand.send(.get, "/readyz")
      #expect(answer.status.code == 503)
      #expect(answer.field(named: "retry-after") != nil)
      #expect((try? JSON.parse(answer.body))?["detail"]?.string == "The catalog does not answer.")
    }
  }

  @Test func `log and metrics show templates, failures are logged at info`() {
    withStand { stand in
      _ = await stand.send(.get, "/open/secret-id")
      _ = await stand.send(.get, "/secret-path")
      #expect(await stand.status(.get, "/fails") == 500)
      _ = await stand.send(.get, "/hot")
      let log = stand.machine.console.text
      let metrics = String(decoding: stand.metrics.exposition(), as: UTF8.self)
      #expect(!log.contains("secret") && !metrics.contains("secret"))
      #expect(log.contains("level=debug") && log.contains("/open/{id}"))
      #expect(log.split(separator: "\n").contains { $0.contains("level=info") && $0.contains("/fails") })
      for line in [
        "{method=\"GET\",route=\"/open/{id}\",status=\"2xx\"} 1",
        "{method=\"GET\",route=\"/fails\",status=\"5xx\"} 1",
        "{method=\"GET\",route=\"/hot\",status=\"2xx\"} 1", "{method=\"-\",route=\"-\",status=\"4xx\"} 1",
      ] {
        #expect(metrics.contains("souk_requests_total" + line), "\(line)")
      }
    }
  }

  @Test func `the hot path answers alone, and leaves to the service what it does not take`() {
    withStand { stand in
      #expect(await stand.send(.get, "/hot").body == Array("hot".utf8))
      #expect(await stand.send(.get, "/hot", "", [("accept", "x")]).body == Array("done".utf8))
    }
  }
}
