import Bytes
import Foundation
import HTTP
import HTTPCore
import Log
import Machine
import MachineTesting
import NetworkStack
import Platform
import TCP
import Testing
import Wire

/// Scanners and packets that no kernel sends, against our stack.
@Suite(.enabled(if: TestNamespace.isExpected, needsRoot))
struct HostileTests {
  private final class Hello: Handler {
    func respondAtOnce(to request: Request, into output: inout ByteBuffer) -> Bool { false }
    func respond(to request: Request) async -> Response { .text(.ok, "hello\n") }
  }

  /// Runs `program` against a server on port 80, and then looks whether that still serves and what is left of it.
  private func attack(_ program: String, _ words: [String], _ judge: @escaping (String, KernelLink) -> Void)
    throws
  {
    try KernelLink.run { link in
      let server = HTTPServer(
        loop: link.loop, entropy: MachineTesting.SeededEntropy(seed: 80),
        log: Logger(
          service: "test", level: .error, format: .logfmt, console: RecordingConsole(), clock: LinuxClock()),
        metrics: Metrics(), handler: Hello())
      let listener = try link.stack.listen(on: Endpoint(.any, port: 80))
      link.loop.spawn { await server.serve(on: listener) }
      let honest = try await link.kernel.connect(
        to: Endpoint(link.address(.own), port: 80), until: link.deadline)
      let answer = try await link.aside { try TestProcess.run(program, words) }.value()
      #expect(answer.status == 0, "\(program): \(answer.output)")
      judge(answer.output, link)
      // Who was connected all the time is served, and so is a newcomer.
      for stream in [
        honest,
        try await link.kernel.connect(to: Endpoint(link.address(.own), port: 80), until: link.deadline),
      ] {
        try stream.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(try await stream.hear(until: link.deadline).hasSuffix("hello\n"))
        stream.close()
      }
      await server.drain()
    }
  }

  @Test(.enabled(if: TestProcess.path(of: "nmap") != nil || TestNamespace.isCI, "needs nmap"))
  func `nmap finds the open port, no system that it knows, and numbers that cannot be foreseen`() throws {
    let words = "-n -Pn -sS -O -v --max-os-tries 1 --max-retries 1 --host-timeout 50s -p 79-81 10.84.0.2"
    try attack("nmap", words.split(separator: " ").map(String.init)) { output, _ in
      #expect(output.contains("80/tcp open"), "\(output)")
      #expect(output.contains("TCP Sequence Prediction: Difficulty=2"), "\(output)")
      #expect(output.contains("IP ID Sequence Generation: All zeros"), "\(output)")
      #expect(output.contains("79/tcp closed") && output.contains("81/tcp closed"), "\(output)")
    }
  }

  @Test(.enabled(if: hasScapy || TestNamespace.isCI, "needs scapy"))
  func `packets made by scapy leave no trace but counters`() throws {
    try attack("sh", ["-c", "exec /usr/bin/python3 -c \"$0\"", Self.script]) { _, link in
      #expect(link.figure("souk_ip_dropped_total", "bad_source") >= 1)
      #expect(link.figure("souk_ip_malformed_total") > 20)
      #expect(link.figure("souk_ip_fragments_dropped_total") > 0)
    }
  }

  private static var hasScapy: Bool {
    FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/scapy/__init__.py")
  }

  /// Bad options, land, Xmas, null, sequence attacks, pieces, lies by ICMP; from a seed.
  private static let script = """
    import random
    from scapy.all import *
    conf.verb = 0
    random.seed(84)
    ours, them = "10.84.0.1", "10.84.0.2"
    kernel = get_if_hwaddr("tap0")
    def frame(p, source=ours): return Ether(src=kernel, dst="02:53:4f:55:4b:02") / IP(src=source, dst=them) / p
    some = lambda: random.getrandbits(32)
    port = lambda: random.randrange(20000, 30000)
    out = []
    for flags in ["", "FPU", "S", "SF", "SR", "SA", "A", "FA", "R", "RA", "PU", "SFRPAUEC"]:
      for to in [80, 81]:
        out.append(frame(TCP(sport=port(), dport=to, flags=flags, seq=some(), ack=some())))
        out.append(frame(TCP(sport=port(), dport=to, flags=flags, seq=some(), ack=some()) / (b"x" * 100)))
    out.append(frame(TCP(sport=80, dport=80, flags="S"), source=them))
    for options in [b"\\x02\\x00\\x00\\x00", b"\\x02\\x01\\x01\\x01", b"\\x08\\xff\\x00\\x00", b"\\x05\\x03\\x00\\x00", b"\\x03\\x03\\xff\\x00",
                    b"\\x02\\x04\\x00\\x00", b"\\x13\\x12" + bytes(18), b"\\x22\\x02\\x00\\x00", bytes(40), b"\\x01" * 40]:
      for flags in ["S", "A"]:
        p = TCP(sport=port(), dport=80, flags=flags, seq=some(), ack=some(), dataofs=5 + len(options) // 4)
        raw = bytes(frame(p))[34:54] + options
        check = in4_chksum(6, IP(src=ours, dst=them), raw[:16] + b"\\x00\\x00" + raw[18:])
        out.append(frame(Raw(raw[:16] + check.to_bytes(2, "big") + raw[18:])))
        out[-1][IP].proto = 6
    for offset in [0, 4, 15]: out.append(frame(TCP(sport=port(), dport=80, flags="S", dataofs=offset)))
    for ihl in [0, 4, 15]: out.append(Ether(src=kernel, dst="02:53:4f:55:4b:02") / IP(src=ours, dst=them, ihl=ihl, proto=6) / bytes(20))
    for length in [0, 19, 65535]: out.append(Ether(src=kernel, dst="02:53:4f:55:4b:02") / IP(src=ours, dst=them, len=length, proto=6) / bytes(20))
    for source in ["255.255.255.255", "127.0.0.1", "224.0.0.1", "0.0.0.0", "10.84.0.255"]:
      out.append(frame(TCP(sport=port(), dport=80, flags="S"), source=source))
    whole = bytes(TCP(sport=port(), dport=80, flags="S")) + bytes(44)
    for n in range(60):
      p = frame(Raw(whole[:random.choice([8, 16, 64])]))
      p[IP].proto, p[IP].id, p[IP].flags, p[IP].frag = 6, n % 5, random.choice([0, "MF"]), random.choice([0, 1, 2, 8189])
      out.append(p)
    for kind in range(0, 20):
      for code in [0, 3, 4]:
        quoted = IP(src=them, dst=ours) / TCP(sport=80, dport=port(), seq=some())
        out.append(frame(ICMP(type=kind, code=code) / Raw(bytes(quoted)[:28])))
    for n in range(200): out.append(frame(TCP(sport=port(), dport=80, flags=random.choice(["R", "S", "A", "SA"]), seq=some(), ack=some())))
    out += [Ether(src=kernel, dst="ff:ff:ff:ff:ff:ff") / ARP(op=random.choice([1, 2]), hwsrc=RandMAC(), psrc="10.84.0.%d" % random.randrange(3, 250), pdst=them) for n in range(200)]
    out += [frame(Raw(random.randbytes(random.randrange(0, 80)))) for n in range(200)]
    s = conf.L2socket(iface="tap0")
    for p in out: s.send(p)
    """
}

extension ByteStream {
  /// Sends text; traps when it does not fit.
  fileprivate func say(_ text: String) throws(NetworkError) {
    let bytes = Array(text.utf8)
    let count = try send(bytes.span.bytes)
    precondition(count == bytes.count)
  }

  /// All until the end, as text.
  fileprivate func hear(until deadline: Instant) async throws(NetworkError) -> String {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)
    defer { memory.deallocate() }
    var text = ""
    while true {
      var room = OutputRawSpan(buffer: memory, initializedCount: 0)
      switch try receive(into: &room) {
      case .bytes(let count): text += String(decoding: memory[..<count], as: UTF8.self)
      case .nothingYet: try await waitReadable(until: deadline)
      case .end: return text
      }
    }
  }
}
