import Foundation
import Glibc
import JSON

/// Runs a shop and nginx side by side and measures them in turns.
struct Bench {
  static let connectionCounts = [1, 64]
  static let catalog = "catalog"
  static let nginxStatic = "nginx (static return)"
  static let gateway = "gateway → catalog"
  static let nginxProxy = "nginx (proxy) → catalog"

  let rounds: Int
  let seconds: Int

  func run(_ progress: (String) -> Void) throws(Failure) -> BenchReport {
    // Ctrl-C ends wrk; the failure that follows stops the rest.
    signal(SIGINT, SIG_IGN)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let serverCore = cores > 1 ? 0 : nil
    let clientCore = cores > 1 ? 1 : nil
    let folder = try BenchMachine.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }

    progress("starting the shop")
    let data = DataFolder(folder + "/shop")
    let up = [Checkout.program, "up", "--detach", "--port", "0", "--data", data.path]
    let start = try Captured.run(serverCore.map { ["taskset", "-c", "\($0)"] + up } ?? up)
    guard start.exitCode == 0 else { throw Failure("the shop does not start: \(start.output)") }
    defer { _ = try? Captured.run([Checkout.program, "down", "--data", data.path]) }
    let state = try data.requireRunning()
    guard let catalogPort = state.services.first(where: { $0.name == "catalog" })?.port else {
      throw Failure("the shop has no catalog")
    }
    let idle = memory(state)
    let path = try makeProduct(data, state.port)
    let answer = try get(path, catalogPort)
    guard try get(path, state.port).body == answer.body else {
      throw Failure("the gateway does not answer what the catalog answers")
    }

    progress("starting nginx")
    let nginx = try Nginx(
      folder: folder, core: serverCore, path: path, answer: answer, catalogPort: catalogPort)
    defer { nginx.stop() }
    let servers: [(name: String, port: UInt16)] = [
      (Self.catalog, catalogPort), (Self.nginxStatic, nginx.staticPort), (Self.gateway, state.port),
      (Self.nginxProxy, nginx.proxyPort),
    ]
    var results: [String: [Wrk.Result]] = [:]
    for round in 0..<rounds {
      for connections in Self.connectionCounts {
        // Each is first as often as its neighbour.
        for server in round % 2 == 0 ? servers : servers.reversed() {
          progress("round \(round + 1) of \(rounds): \(server.name), \(connections) connections")
          let result = try Wrk.run(
            url: "http://127.0.0.1:\(server.port)\(path)", connections: connections, seconds: seconds,
            core: clientCore)
          results["\(server.name) \(connections)", default: []].append(result)
        }
      }
    }
    for server in servers where try get(path, server.port).body != answer.body {
      throw Failure("\(server.name) answers something else after the run")
    }
    var series: [BenchReport.Series] = []
    for connections in Self.connectionCounts {
      for server in servers {
        let found = results["\(server.name) \(connections)"] ?? []
        let median = BenchReport.median(found.map(\.requestsPerSecond))
        let typical = found.min { abs($0.requestsPerSecond - median) < abs($1.requestsPerSecond - median) }
        series.append(
          .init(
            server: server.name, connections: connections, samples: found.map(\.requestsPerSecond),
            latency99Microseconds: typical?.latency99Microseconds ?? 0))
      }
    }
    let ratios = Self.connectionCounts.flatMap { connections in
      [
        BenchReport.ratio(Self.catalog, to: Self.nginxStatic, connections, in: series),
        BenchReport.ratio(Self.gateway, to: Self.nginxProxy, connections, in: series),
      ]
    }
    return BenchReport(
      date: StatusReport.time(Date()), processor: BenchMachine.processor, cores: cores,
      isPinned: serverCore != nil,
      wrk: version(["wrk", "-v"]), nginx: version(["nginx", "-v"]), rounds: rounds,
      secondsPerMeasurement: seconds, bodyByteCount: answer.body.count, fieldCount: answer.fields.count,
      idleMemoryByteCount: idle, memoryAfterByteCount: memory(state), series: series, ratios: ratios)
  }

  private func memory(_ state: ShopState) -> Int {
    state.services.compactMap(\.process?.memoryByteCount).reduce(0, +)
  }

  /// A product of plain letters, so that nginx can return it as it is.
  private func makeProduct(_ data: DataFolder, _ port: UInt16) throws(Failure) -> String {
    let body =
      #"{"sku":"BENCH-1","name":"Ocean Blue Shirt","price":{"amount":5000,"currency":"EUR"},"onHand":25,"#
      + #""description":"Ocean blue cotton shirt with a narrow collar and buttons down the front.","tags":["men"]}"#
    let token = Files.text(data.adminTokenFile) ?? ""
    let client = GatewayClient(host: "127.0.0.1", port: port)
    do throws(GatewayClient.Silence) {
      let answer = try client.send(
        .post, "/api/v1/products",
        fields: [("content-type", "application/json"), ("authorization", "Bearer \(token)")],
        body: Array(body.utf8))
      guard answer.status == 201, let id = answer.json?["id"]?.string else {
        throw .malformed(answer.reason)
      }
      return "/api/v1/products/\(id)"
    } catch {
      throw Failure("the shop does not take a product: \(error.description)")
    }
  }

  private func get(_ path: String, _ port: UInt16) throws(Failure) -> GatewayClient.Answer {
    do throws(GatewayClient.Silence) {
      let answer = try GatewayClient(host: "127.0.0.1", port: port).send(.get, path)
      guard answer.status == 200 else { throw .malformed(answer.reason) }
      return answer
    } catch {
      throw Failure("port \(port) does not answer \(path): \(error.description)")
    }
  }

  private func version(_ words: [String]) -> String {
    let output = (try? Captured.run(words).output) ?? ""
    return output.split(separator: "\n").first.map { line in
      line.split(separator: " ").prefix(line.hasPrefix("nginx") ? 3 : 2).joined(separator: " ")
    } ?? words[0]
  }
}
