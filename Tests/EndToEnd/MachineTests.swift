import Foundation
import JSON
import Testing

@testable import SoukKit

extension EndToEnd {
  /// A shop of virtual machines. The whole suite runs on them with SOUK_TEST_TARGET=qemu; this is what only concerns
  /// them.
  @Suite(.enabled(if: TestShop.machinesArePossible, "needs QEMU and the images: ./souk build --target qemu"))
  struct Machines {
    private func start(_ data: TemporaryFolder? = nil) throws -> TestShop {
      try TestShop(data: data, ["--target", "qemu", "--accel", "tcg"])
    }

    @Test func `status says what runs and how much memory it has, and the end leaves nothing behind`() throws
    {
      let shop = try start()
      let status = try shop.status()
      #expect(status["target"]?.string == "qemu")
      #expect(status["stack"]?.string == "souk on qemu (tcg)")
      for row in try #require(status["services"]?.array) {
        #expect((row["machineByteCount"]?.integer ?? 0) >= 32 << 20)
        #expect((row["memoryByteCount"]?.integer ?? 0) > 0)
        let address = row["adminAddress"]?.string ?? row["address"]?.string ?? ""
        let port = try #require(UInt16(address.split(separator: ":").last ?? ""))
        #expect(try Client(port: port).get("/metrics").text.contains("souk_network_stack{stack=\"souk\"} 1"))
      }
      let table = try CommandLineTool.run(["status", "--data", shop.folder])
      #expect(table.output.contains("OF A VM OF"), "\(table.output)\(table.errors)")
      #expect(try shop.client.get("/api/v1/products?limit=1").status == 200)
      #expect(try CommandLineTool.run(["down", "--data", shop.folder]).exitCode == 0)
      let left = try FileManager.default.contentsOfDirectory(atPath: shop.folder + "/run")
      #expect(left == ["lock"])
    }

    @Test func `no secret is on a command line or in a log, and a module is its owner's`() throws {
      let shop = try start()
      let secrets = (Files.text(shop.folder + "/secrets") ?? "").split(separator: "\n").compactMap {
        $0.split(separator: "=").last.map(String.init)
      }
      try #require(secrets.count == 2)
      var texts = try ServiceKind.allCases.map {
        String(decoding: Files.read("/proc/\(try shop.process($0.rawValue))/cmdline") ?? [], as: UTF8.self)
      }
      texts += (ServiceKind.allCases.map(\.rawValue) + ["souk"]).map {
        Files.text("\(shop.folder)/logs/\($0).log") ?? ""
      }
      for secret in secrets + [shop.adminToken] { #expect(texts.allSatisfy { !$0.contains(secret) }) }
      for kind in ServiceKind.allCases {
        var status = stat()
        #expect(stat("\(shop.folder)/run/\(kind.rawValue).module", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
      }
    }

    @Test func `a switch that is killed comes back`() throws {
      let shop = try start()
      let state = try #require(ShopState.read(shop.folder + "/run/state.json"))
      let network = try #require(state.forwarder)
      let end = EndOfProcess(network.pid)
      kill(network.pid, SIGKILL)
      #expect(end.wait(milliseconds: 20_000))
      #expect(try shop.client.get("/api/v1/products?limit=1").status == 200)
    }

    @Test func `clients who want more memory than a machine has do not stop it`() throws {
      let shop = try start()
      let gateway = try shop.process("gateway")
      let field = String(repeating: "y", count: 7_900)
      let half = (0..<4).reduce("GET / HTTP/1.1\r\nHost: a\r\n") { $0 + "X-\($1): \(field)\r\n" }
      var clients: [Int32] = []
      defer { for client in clients { close(client) } }
      // The gateway has 32 MiB. Buffers grow by powers of two, with room for 2 KB more: these want 38 MB.
      for _ in 0..<600 {
        let client = try #require(Sockets.connect(port: shop.port, version: TestShop.version))
        clients.append(client)
        var writable = pollfd(fd: client, events: Int16(POLLOUT), revents: 0)
        #expect(poll(&writable, 1, 20_000) == 1)
        // One that has been closed to make room takes nothing.
        _ = half.utf8CString.withUnsafeBytes {
          send(client, $0.baseAddress, half.utf8.count, Int32(MSG_NOSIGNAL))
        }
      }
      let row = try #require(shop.status()["services"]?.array?.first { $0["service"]?.string == "gateway" })
      let port = try #require(UInt16((row["adminAddress"]?.string ?? "").split(separator: ":").last ?? ""))
      // They were that many: some have to go, once all of it has arrived.
      func evictedCount() throws -> Int {
        let metrics = try Client(port: port).get("/metrics").text
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("http_connections_evicted_total ") }
        return Int(line?.split(separator: " ").last ?? "") ?? 0
      }
      var evicted = 0
      for _ in 0..<2_000 where evicted == 0 { evicted = try evictedCount() }
      #expect(evicted > 0)
      #expect(try shop.client.get("/").status == 200)
      #expect(try shop.process("gateway") == gateway)
    }

    @Test func `another target takes the databases over, and gives them back`() throws {
      let folder = try TemporaryFolder()
      var shop = try TestShop(data: folder, ["--target", "process"])
      let product = try #require(shop.makeProduct("Moving Mirror", onHand: 7)["id"]?.string)
      for (target, has, hasNot) in [("qemu", "disk", "sqlite"), ("process", "sqlite", "disk")] {
        let down = try CommandLineTool.run(["down", "--data", shop.folder])
        try #require(down.exitCode == 0, "\(down.errors)")
        shop = try shop.startedAgain(["--target", target])
        #expect(try shop.available(product) == 7)
        #expect(Files.exists("\(shop.folder)/databases/catalog.\(has)"))
        #expect(!Files.exists("\(shop.folder)/databases/catalog.\(hasNot)"))
        let log = Files.text(shop.folder + "/logs/souk.log") ?? ""
        #expect(log.contains("moved the catalog's database") && log.contains("verified"))
      }
    }

    @Test func `a debugged machine waits, and the line that attaches gdb is printed`() throws {
      let folder = try TemporaryFolder()
      let data = folder.path + "/shop"
      let pipe = try Sockets.pipe()
      var spawn = Spawn(
        executable: CommandLineTool.folder + "/souk",
        arguments: [
          "up", "--target", "qemu", "--accel", "tcg", "--port", "0", "--debug", "cart", "--data", data,
        ])
      spawn.descriptors = [(pipe.writing, 1), (pipe.writing, 2)]
      let pid = try spawn.start()
      close(pipe.writing)
      var splitter = LineSplitter()
      var chunk = [UInt8](repeating: 0, count: 4096)
      var line: String?
      while line == nil {
        let count = read(pipe.reading, &chunk, chunk.count)
        guard count > 0 else { break }
        line = splitter.take(chunk[..<count]).map { String(decoding: $0, as: UTF8.self) }.first {
          $0.contains("gdb -ex 'target remote \(data)/run/cart.gdb'")
        }
      }
      #expect(line != nil)
      // Not a single instruction has run: it is killed at the end of its patience, or at the second request.
      kill(pid, SIGTERM)
      kill(pid, SIGTERM)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      close(pipe.reading)
    }

    @Test(
      .enabled(
        if: Files.exists(Checkout.images + "/hello.elf"), "needs ./souk build --target qemu --image hello"))
    func `one image runs by its name, is reached on 127.0.0.1, and ends when it is told to`() throws {
      let pipe = try Sockets.pipe()
      var spawn = Spawn(
        executable: CommandLineTool.folder + "/souk",
        arguments: ["run", "hello", "--target", "qemu", "--accel", "tcg", "--port", "0"])
      spawn.descriptors = [(pipe.writing, 1), (pipe.writing, 2)]
      let pid = try spawn.start()
      close(pipe.writing)
      var splitter = LineSplitter()
      var chunk = [UInt8](repeating: 0, count: 4096)
      var port: UInt16?
      while port == nil {
        let count = read(pipe.reading, &chunk, chunk.count)
        guard count > 0 else { break }
        for line in splitter.take(chunk[..<count]).map({ String(decoding: $0, as: UTF8.self) }) {
          guard let address = line.split(separator: " ").last, address.hasPrefix("http://127.0.0.1:") else {
            continue
          }
          port = UInt16(address.dropFirst("http://127.0.0.1:".count).dropLast())
        }
      }
      let answer = try Client(port: #require(port), .v4).get("/")
      #expect(answer.status == 200 && answer.text.contains("hello"))
      kill(pid, SIGTERM)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      #expect(Ending(status: status) == .exited(0))
      close(pipe.reading)
    }
  }
}
