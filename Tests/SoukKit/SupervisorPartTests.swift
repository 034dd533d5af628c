import Glibc
import Testing

@testable import SoukKit

@Suite struct RestartPolicyTests {
  @Test func `the wait doubles up to its bound`() {
    var policy = RestartPolicy()
    let delays = (0..<9).map { _ in policy.delay(afterRunning: 5) }
    #expect(delays == [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  }

  @Test func `a service that ran for a while begins anew`() {
    var policy = RestartPolicy()
    for _ in 0..<5 { _ = policy.delay(afterRunning: 5) }
    #expect(policy.delay(afterRunning: RestartPolicy.steadyAfterMilliseconds) == 100)
    #expect(policy.delay(afterRunning: 0) == 200)
  }
}

@Suite struct LogTests {
  private func folder() -> String {
    var template = Array("/tmp/souk-log-XXXXXX".utf8CString)
    mkdtemp(&template)
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  @Test func `a log never takes more than twice its bound`() throws {
    let path = folder() + "/a.log"
    let log = try LogFile(path, maximumByteCount: 100)
    for number in 100..<200 { log.append(Array("line \(number)".utf8)) }
    #expect(Files.byteCount(path)! <= 100)
    #expect(Files.byteCount(path + ".1")! <= 100)
    #expect(Files.text(path)!.hasSuffix("line 199"))
  }

  @Test func `what a service prints cannot steer a terminal`() {
    let cases = [
      ("plain\ttext ž €", "plain\ttext ž €"), ("line\r", "line"), ("\u{1b}[2J\u{7}\u{7f}\r.", "?[2J???."),
      ("\u{9b}2J \u{a0}", "?2J \u{a0}"),
    ]
    for (said, shown) in cases {
      #expect(String(decoding: ManagedService.printable(Array(said.utf8)), as: UTF8.self) == shown)
    }
  }

  @Test func `a tail goes on across a rotation`() throws {
    let path = folder() + "/a.log"
    let log = try LogFile(path, maximumByteCount: 64)
    log.append(Array("one".utf8))
    var tail = LogTail(name: "a", path: path)
    #expect(tail.past(10) == [Array("one".utf8)])
    for number in 100..<107 { log.append(Array("line \(number)".utf8)) }
    let lines = tail.more().map { String(decoding: $0, as: UTF8.self) }
    #expect(lines == (100..<107).map { "line \($0)" })
  }

  @Test func `lines are cut at any split of the bytes`() {
    let text = Array("ab\n\ncd\nrest".utf8)
    for split in 0...text.count {
      var splitter = LineSplitter()
      let lines = splitter.take(text[..<split]) + splitter.take(text[split...])
      #expect(lines == [Array("ab".utf8), [], Array("cd".utf8)])
      #expect(splitter.end() == Array("rest".utf8))
    }
  }

  @Test func `a line without end is cut at the limit`() {
    var splitter = LineSplitter()
    let lines = splitter.take(Array(repeating: 65, count: LineSplitter.maximumLineByteCount + 1))
    #expect(lines.map(\.count) == [LineSplitter.maximumLineByteCount])
    #expect(splitter.end() == [65])
  }

  @Test func `lines of several logs come in the order of time`() {
    func line(_ text: String) -> [UInt8] { Array(text.utf8) }
    let merged = LogTail.inOrderOfTime([
      ("a", line("time=2026-01-01T00:00:02.000Z x=1")), ("a", line("  trace of x=1")),
      ("b", line(#"{"time":"2026-01-01T00:00:01.000Z"}"#)), ("b", line("time=2026-01-01T00:00:03.000Z")),
    ])
    #expect(merged.map(\.name) == ["b", "a", "a", "b"])
  }
}

@Suite struct ConsoleTests {
  @Test func `a reader who has stopped reading holds nobody up`() throws {
    let pipe = try Sockets.pipe()
    let flags = fcntl(pipe.writing, F_GETFL)
    _ = fcntl(pipe.writing, F_SETFL, flags | O_NONBLOCK)
    let page = [UInt8](repeating: 120, count: 4096)
    while write(pipe.writing, page, page.count) > 0 {}
    _ = fcntl(pipe.writing, F_SETFL, flags)
    let console = Console(pipe.writing)
    console.line("cart", Array("lost".utf8))
    var rest = [UInt8](repeating: 0, count: 1 << 20)
    #expect(read(pipe.reading, &rest, rest.count) > 0)
    console.line("cart", Array("seen".utf8))
    close(pipe.writing)
    let count = read(pipe.reading, &rest, rest.count)
    #expect(String(decoding: rest[..<max(0, count)], as: UTF8.self).hasSuffix("| seen\n"))
    close(pipe.reading)
  }
}

@Suite struct StartReportTests {
  @Test func `what is sent is what arrives`() {
    let messages: [StartReport.Message] = [
      .progress("starting catalog, cart"), .ready, .failed(Failure("port 8080 is taken", exitCode: 3)),
    ]
    for message in messages { #expect(StartReport.Message(message.bytes.dropLast()) == message) }
    #expect(StartReport.Message(Array("noise".utf8)) == nil)
  }

  @Test func `a failure of several lines arrives whole`() throws {
    let pipe = try Sockets.pipe()
    Files.writeAll(StartReport.Message.progress("a b c").bytes, to: pipe.writing)
    Files.writeAll(StartReport.Message.failed(Failure("one\n  two", exitCode: 78)).bytes, to: pipe.writing)
    close(pipe.writing)
    var heard: [String] = []
    #expect(throws: Failure("one\n  two", exitCode: 78)) {
      try StartReport.wait(on: pipe.reading) { heard.append($0) }
    }
    #expect(heard == ["a b c"])
  }

  @Test func `after the end nothing that takes its place is written to`() throws {
    let pipe = try Sockets.pipe()
    StartReport.end(with: .ready, on: pipe.writing)
    try StartReport.wait(on: pipe.reading) { _ in }
    // The writing end is gone, and its number is not free.
    var byte: UInt8 = 0
    #expect(read(pipe.reading, &byte, 1) == 0)
    #expect(fcntl(pipe.writing, F_GETFD) & FD_CLOEXEC != 0)
    close(pipe.reading)
    close(pipe.writing)
  }

  @Test func `silence is a failure`() throws {
    let pipe = try Sockets.pipe()
    close(pipe.writing)
    #expect(throws: Failure.self) { try StartReport.wait(on: pipe.reading) { _ in } }
  }
}

@Suite struct ReadinessProbeTests {
  @Test func `answers are read for what they say`() {
    func answer(_ text: String) -> ReadinessProbe.Answer { ReadinessProbe.answer(Array(text.utf8)) }
    #expect(answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") == .ready)
    #expect(answer("HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\nno disk") == .unready("503 no disk"))
    #expect(answer("") == .silent)
    #expect(answer("SSH-2.0-x\r\n") == .silent)
  }

  @Test func `a socket that nobody serves is silent, not an error`() throws {
    let socket = try Sockets.listen(port: 0)
    defer { close(socket.descriptor) }
    let loop = PollLoop()
    var answer: ReadinessProbe.Answer?
    _ = ReadinessProbe(loop: loop, port: socket.port, within: 1) { answer = $0 }
    loop.run { answer != nil }
    #expect(answer == .silent)
  }
}

@Suite struct ServiceSettingsTests {
  @Test func `each service is told its peers, and only the gateway signs cookies`() throws {
    let secrets = Secrets(internal: "i", cookie: "c", adminToken: "a")
    let ports: [ServiceKind: UInt16] = [.catalog: 1, .cart: 2, .checkout: 3, .gateway: 4]
    let manifest = try Manifest.parse(ManifestTests.whole, file: "shop.yaml")
    func settings(_ kind: ServiceKind) -> ServiceSettings {
      ServiceSettings(kind, folder: DataFolder("/x"), manifest: manifest, secrets: secrets, ports: ports)
    }
    let checkout = settings(.checkout)
    #expect(checkout["peer.catalog"] == "127.0.0.1:1")
    #expect(checkout["peer.cart"] == "127.0.0.1:2")
    #expect(checkout["peer.gateway"] == nil)
    #expect(checkout["database.path"] == "/x/databases/checkout.sqlite")
    #expect(checkout["secret.cookie"] == nil)
    #expect(checkout["shop.tax.CH"] == "810")
    #expect(checkout["shop.shipping.standard"] == "490")
    #expect(settings(.gateway)["secret.cookie"] == "c")
    #expect(settings(.gateway)["database.path"] == nil)
    #expect(settings(.gateway)["admin.fd"] == "4")
    #expect(settings(.catalog)["peer.cart"] == nil)
  }

  @Test func `secrets are made once and belong to their owner`() throws {
    var template = Array("/tmp/souk-secrets-XXXXXX".utf8CString)
    mkdtemp(&template)
    let folder = DataFolder(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    try folder.prepare()
    let first = try Secrets.load(folder)
    #expect(try Secrets.load(folder) == first)
    #expect(first.internal.count == 64 && first.adminToken.count == 48 && first.internal != first.cookie)
    for file in [folder.secretsFile, folder.adminTokenFile] {
      var status = stat()
      #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }
  }

  @Test func `a process is told from a later one with its number`() throws {
    let own = try #require(ProcessIdentity(pid: getpid()))
    #expect(own.isAlive)
    #expect(own.memoryByteCount! > 0)
    var other = own
    other.startTime += 1
    #expect(!other.isAlive)
    #expect(ProcessIdentity(pid: 0) == nil)
  }
}
