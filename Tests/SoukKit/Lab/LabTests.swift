import Foundation
import Glibc
import Testing

@testable import SoukKit

@Suite struct LabTests {
  static let folder = DataFolder("/tmp/souk-lab-test")
  let lab = Lab(Self.folder)

  private func manifest(_ xen: String = "") throws(Failure) -> Manifest {
    try Manifest.parse(ManifestTests.whole + "\n" + xen, file: "shop.yaml")
  }

  @Test func `the lab's networks take the place of the host's, and the rest stays`() throws {
    let text = "xen:\n  prefix: mine\n  insideBridge: inner\n  outside:\n    bridge: br7\n    address: dhcp\n"
    let manifest = try Lab.manifest(manifest(text))
    #expect(manifest.xen.prefix == "mine")
    #expect(manifest.xen.insideBridge == "soukbr0")
    #expect(manifest.xen.outside == Lab.outside)
  }

  @Test func `domains that do not fit into the lab are refused in words`() throws {
    let most = Lab.domainMegabytes - 32 - 32 - 16
    let fits = try manifest("xen:\n  memory:\n    catalog: \(most)\n")
    #expect(try Lab.manifest(fits).xen.megabytes(.catalog) == most)
    let tooMuch = try manifest("xen:\n  memory:\n    catalog: \(most + 1)\n")
    let failure = #expect(throws: Failure.self) { _ = try Lab.manifest(tooMuch) }
    #expect(failure?.message.contains("901 MiB") == true)
  }

  @Test func `each service has its own door, and those with a database a disk of their own`() {
    #expect(Set(ServiceKind.allCases.map(Lab.door)).count == 4)
    #expect(ServiceKind.allCases.filter(\.keepsData).map(Lab.disk) == ["/dev/vdb", "/dev/vdc", "/dev/vdd"])
  }

  @Test func `only the storefront leads to the gateway itself, and everything else to dom0`() {
    let ports = Dictionary(uniqueKeysWithValues: ServiceKind.allCases.map { ($0, 40_000 + Lab.door($0)) })
    let arguments = lab.bootArguments(storefront: 8080, ports: ports)
    let forwards = zip(arguments, arguments.dropFirst()).filter { $0.0 == "--forward" }.map(\.1)
    #expect(forwards.count == 5)
    #expect(forwards.first == "127.0.0.1:8080-10.0.2.20:80")
    #expect(forwards.dropFirst().allSatisfy { $0.hasPrefix("127.0.0.1:") && $0.contains("-10.0.2.15:800") })
    let disks = zip(arguments, arguments.dropFirst()).filter { $0.0 == "--disk" }.map(\.1)
    #expect(disks == ["catalog", "cart", "checkout"].map(Self.folder.disk))
  }

  @Test func `a folder with too long a path for sockets is named`() {
    let path = "/tmp/" + String(repeating: "a", count: 90)
    #expect(Lab(DataFolder(path)).obstacle()?.contains("--data") == true)
  }
}

@Suite struct DomainListTests {
  static let text = """
    Name                                        ID   Mem VCPUs\tState\tTime(s)
    Domain-0                                     0  1024     1     r-----      58.3
    souk-catalog                                 1    32     1     -b----      12.8
    souk-cart                                    7    32     1     --p---       0.0
    (null)                                       8     0     1     ---s-d       1.5
    souk-gateway                                10    16     1     ------     100.1
    """

  @Test func `what xl list prints is read`() {
    let list = DomainList(Self.text)
    #expect(list.domains.count == 5)
    #expect(
      list["souk-catalog"]
        == .init(
          name: "souk-catalog", identifier: 1, megabytes: 32, processors: 1, state: "-b----", seconds: "12.8")
    )
    #expect(list["souk-checkout"] == nil)
  }

  @Test func `states are words`() {
    #expect(
      DomainList(Self.text).domains.map(\.stateInWords) == [
        "running", "idle", "paused", "shut down, dying", "waiting",
      ])
  }

  @Test func `anything else is an empty list`() {
    #expect(DomainList("").domains.isEmpty)
    #expect(DomainList("xl: cannot connect to xenstored, says the one who asked").domains.isEmpty)
  }
}

@Suite struct Dom0CommandTests {
  /// Answers one command as dom0's agent would, with `bytes` made from its token; closes then, if told to.
  private func run(closes: Bool = false, _ bytes: @escaping (_ token: String) -> String) throws -> (
    status: Int32?, lines: [String], script: String
  ) {
    var template = Array("/tmp/souk-dom0-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let lab = Lab(DataFolder(path))
    try #require(mkdir(path + "/run", 0o700) == 0 && mkdir(lab.place, 0o700) == 0)
    let listener = try #require(UnixSocket.listen(lab.commandSocket))
    defer { close(listener) }
    let loop = PollLoop()
    var script = ""
    var peer: Int32 = -1
    loop.whenReadable(listener) {
      peer = accept(listener, nil, nil)
      loop.forget(listener)
      loop.whenReadable(peer) {
        loop.forget(peer)
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(peer, &chunk, chunk.count)
        let words = String(decoding: chunk[..<max(0, count)], as: UTF8.self).split { $0 == " " || $0 == "\n" }
        script = String(decoding: Data(base64Encoded: String(words[1])) ?? Data(), as: UTF8.self)
        Files.writeAll(Array(bytes(String(words[0])).utf8), to: peer)
        if closes { close(peer) }
      }
    }
    var lines: [String] = []
    var status: Int32?
    var isOver = false
    let command = Dom0Command(
      "xl list; echo 'ü'", in: lab, loop: loop, within: 60_000,
      line: { lines.append(String(decoding: $0, as: UTF8.self)) },
      ended: {
        status = $0
        isOver = true
      })
    try #require(command != nil)
    loop.run { isOver }
    if !closes { close(peer) }
    return (status, lines, script)
  }

  @Test func `a command's lines and its exit status come back`() throws {
    let answer = try run { "\($0) begins\none\n\ntwo\n\n\($0) 3\n" }
    #expect(answer.script == "xl list; echo 'ü'")
    #expect(answer.status == 3)
    #expect(answer.lines == ["one", "", "two"])
  }

  @Test func `output without an end of line is a line`() throws {
    #expect(try run { "\($0) begins\nhalf\n\($0) 0\n" }.lines == ["half"])
    #expect(try run { "\($0) begins\n\n\($0) 0\n" }.lines == [])
  }

  @Test func `the rest of another command's output is left out`() throws {
    let answer = try run { "late\nsouk12 0\nprompt \($0) begins\nmine\n\n\($0) 0\n" }
    #expect(answer.lines == ["mine"])
    #expect(answer.status == 0)
  }

  @Test func `a dom0 that goes away is no exit status`() throws {
    let answer = try run(closes: true) { "\($0) begins\nsome\n" }
    #expect(answer.status == nil)
    #expect(answer.lines == ["some"])
  }

  @Test func `without a lab there is no command`() {
    #expect(Dom0Command.run("true", in: Lab(DataFolder("/nowhere")), within: 1000) == nil)
  }
}
