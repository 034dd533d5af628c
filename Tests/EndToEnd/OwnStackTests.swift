import Foundation
import JSON
import Testing

@testable import SoukKit

extension EndToEnd {
  /// A shop on our own TCP/IP. The whole suite runs on it with SOUK_TEST_NET=tap; this is what only concerns it.
  @Suite(
    .enabled(
      if: NetworkNamespace.obstacle() == nil && !TestShop.areMachines,
      "needs root and /dev/net/tun, and is about processes"))
  struct OwnStack {
    private func start(_ data: TemporaryFolder? = nil) throws -> TestShop {
      try TestShop(data: data, ["--net", "tap"])
    }

    @Test func `status and metrics say which stack serves, and the end leaves nothing behind`() throws {
      let shop = try start()
      let status = try shop.status()
      #expect(status["stack"]?.string == "souk tap")
      let name = try #require(status["namespace"]?.string)
      #expect(Files.exists("/run/netns/\(name)"))
      let table = try CommandLineTool.run(["status", "--data", shop.folder])
      #expect(table.exitCode == 0 && table.output.contains("souk tap"))
      for row in try #require(status["services"]?.array) {
        let address = row["adminAddress"]?.string ?? row["address"]?.string ?? ""
        let port = try #require(UInt16(address.split(separator: ":").last ?? ""))
        let metrics = try Client(port: port).get("/metrics").text
        #expect(metrics.contains("souk_network_stack{stack=\"souk\"} 1"))
        #expect(metrics.contains("souk_tcp_segments_received_total"))
      }
      #expect(try shop.client.get("/api/v1/products?limit=1").status == 200)
      #expect(try CommandLineTool.run(["down", "--data", shop.folder]).exitCode == 0)
      #expect(!Files.exists("/run/netns/\(name)"))
      #expect(!Files.exists("\(shop.folder)/run/forwarder.settings"))
    }

    @Test func `a shop on Linux's stack says so`() throws {
      let shop = try TestShop(["--net", "kernel"])
      let status = try shop.status()
      #expect(status["stack"]?.string == "linux")
      #expect(status["namespace"] == nil)
    }

    @Test func `a forwarder that is killed comes back`() throws {
      let shop = try start()
      let state = try #require(ShopState.read(shop.folder + "/run/state.json"))
      let forwarder = try #require(state.forwarder)
      let end = EndOfProcess(forwarder.pid)
      kill(forwarder.pid, SIGKILL)
      #expect(end.wait(milliseconds: 20_000))
      // Who connects meanwhile waits in the backlog of the supervisor's socket.
      #expect(try shop.client.get("/api/v1/products?limit=1").status == 200)
    }

    @Test func `what a killed supervisor leaves behind is taken away by down`() throws {
      let shop = try start()
      let status = try shop.status()
      let name = try #require(status["namespace"]?.string)
      let state = try #require(ShopState.read(shop.folder + "/run/state.json"))
      let supervisor = try Int32(#require(status["supervisor"]?.integer))
      let ends = (state.processes.map(\.pid) + [supervisor]).map(EndOfProcess.init)
      kill(supervisor, SIGKILL)
      // Its services and the forwarder go with it.
      for end in ends { #expect(end.wait(milliseconds: 20_000)) }
      #expect(Files.exists("/run/netns/\(name)"))
      let down = try CommandLineTool.run(["down", "--data", shop.folder])
      #expect(down.exitCode == 0)
      #expect(down.errors.contains("took away the network namespace \(name)"))
      #expect(!Files.exists("/run/netns/\(name)"))
    }

    @Test func `--debug works on our stack, too`() throws {
      let folder = try TemporaryFolder()
      let data = folder.path + "/shop"
      let answer = try CommandLineTool.run(
        ["up", "--detach", "--net", "tap", "--port", "0", "--debug", "cart", "--data", data])
      defer { _ = try? CommandLineTool.run(["down", "--data", data]) }
      #expect(answer.exitCode == 0, "\(answer.errors)")
      #expect(answer.errors.contains("gdb -p "))
    }
  }
}
