import EventLoop
import HTTP
import HTTPCore
import JSON
import MachineTesting
import Platform
import Shop
import Testing

private final class Answering: Handler {
  var requests: [(method: HTTPCore.Method, path: String, fields: [String: String])] = []
  let answer: (Int) -> Response

  init(_ answer: @escaping (Int) -> Response) { self.answer = answer }

  func respond(to request: Request) async -> Response {
    var fields: [String: String] = [:]
    for name in ["authorization", "x-request-id", "traceparent", "content-type", ServiceClient.timeoutField] {
      fields[name] = request.field(named: name)
    }
    requests.append((request.method, request.pathString(), fields))
    return answer(requests.count)
  }
}

private func withPeer(
  _ answer: @escaping (Int) -> Response,
  _ body: @escaping (ServiceClient, Answering, TestMachine) async -> Void
) {
  withLoop { machine in
    let handler = Answering(answer)
    let server = HTTPServer(
      loop: machine.loop, entropy: machine.entropy, log: machine.log, metrics: Metrics(), handler: handler)
    let listener = try! machine.network.listen(on: Endpoint(.loopback, port: 0))
    machine.loop.spawn { await server.serve(on: listener) }
    let http = HTTPClient(
      network: machine.network, loop: machine.loop, endpoint: listener.endpoint, host: "peer")
    await body(ServiceClient(http: http, secret: "s3cret", loop: machine.loop), handler, machine)
  }
}

private func failure(_ body: () async throws(ServiceError) -> ServiceAnswer) async -> ServiceError? {
  do throws(ServiceError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

struct ServiceClientTests {
  @Test func `a call carries the secret only inside, the trace, and the time that is left`() {
    withPeer({ _ in .json { $0.object { $0.field("x", 1) } } }) { client, peer, machine in
      let until = machine.loop.now + .seconds(3)
      let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      let answer = try? await client.call(
        .post, "/internal/v1/a", body: Array("{}".utf8), isInternal: true, expecting: [200], until: until,
        trace: RequestTrace(requestID: "r1", traceparent: parent))
      #expect(answer?.json["x"]?.integer == 1)
      _ = try? await client.call(.get, "/b", expecting: [200], until: until)
      let (inside, outside) = (peer.requests[0].fields, peer.requests[1].fields)
      #expect(inside["authorization"] == "Bearer s3cret")
      #expect(inside["x-request-id"] == "r1" && inside["traceparent"] == parent)
      #expect(inside["content-type"] == "application/json")
      #expect((0...3000).contains(Int(inside[ServiceClient.timeoutField] ?? "") ?? -1))
      #expect(outside["authorization"] == nil && outside["x-request-id"] == nil)
    }
  }

  @Test func `a status nobody expects is told apart from a peer that has no room or no time`() {
    let statuses: [UInt16] = [404, 503, 429, 504, 500]
    withPeer({ Response(Status(statuses[$0 - 1])) }) { client, _, machine in
      var errors: [ServiceError?] = []
      for _ in statuses {
        errors.append(
          await failure { () throws(ServiceError) in
            try await client.call(.get, "/", expecting: [200], until: machine.loop.now + .seconds(5))
          })
      }
      #expect(
        errors == [
          .unexpected(status: 404), .overloaded, .overloaded, .late, .unexpected(status: 500),
        ])
    }
  }

  @Test func `what is no JSON is malformed, and an empty body is null`() {
    withPeer({ $0 == 1 ? .text(.ok, "<html>") : Response(.noContent) }) { client, _, machine in
      let until = machine.loop.now + .seconds(5)
      #expect(
        await failure { () throws(ServiceError) in
          try await client.call(.get, "/", expecting: [200], until: until)
        } == .malformed)
      let empty = try? await client.call(.delete, "/", expecting: [204], until: until)
      #expect(empty?.json == .null)
    }
  }

  @Test func `a peer that is down is asked three times, then less often`() {
    withLoop { machine in
      let network = RefusingNetwork()
      let http = HTTPClient(
        network: network, loop: machine.loop, endpoint: Endpoint(.loopback, port: 1), host: "peer")
      let client = ServiceClient(http: http, secret: "s", loop: machine.loop)
      var attempts: [Int] = []
      for _ in 0..<12 {
        let before = network.attempts
        let error = await failure { () throws(ServiceError) in
          try await client.call(.get, "/", expecting: [200], until: machine.loop.now + .seconds(5))
        }
        #expect(error == .unreachable)
        attempts.append(network.attempts - before)
      }
      #expect(attempts[0] == 3)
      #expect(attempts.reduce(0, +) - 12 <= ServiceClient.maximumCredit + 1)
      #expect(attempts[11] == 1)
    }
  }
}

/// A network where nobody is at home.
private final class RefusingNetwork: Network {
  var figures: [NetworkFigure] { [] }

  var attempts = 0

  func listen(on endpoint: Endpoint) throws(NetworkError) -> any Listener { throw .notPermitted }

  func connect(to endpoint: Endpoint, until deadline: Instant) async throws(NetworkError) -> any ByteStream {
    attempts += 1
    throw .refused
  }
}
