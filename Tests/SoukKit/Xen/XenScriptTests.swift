import Foundation
import Glibc
import Testing

@testable import SoukKit

@Suite struct XenScriptTests {
  private static let bridge = [
    "link add name soukbr0 address 02:53:4f:55:4b:ff type bridge", "addr add 10.83.0.1/24 dev soukbr0",
  ]

  private func create(_ dom0: FakeDom0, _ kind: ServiceKind) -> [String] {
    let name = kind.rawValue
    let paths =
      "kernel=\"\(dom0.deployment.folder)/\(name).elf\" ramdisk=\"\(dom0.deployment.folder)/\(name).module\""
    let disk = kind.keepsData ? " disk=[\"\(XenDomain.diskOptions)\(dom0.path)/\(name).disk\"]" : ""
    let ready = "ready \(InnerNetwork.address(kind)) \(kind == .gateway ? 81 : 80)"
    return ["create \(name).cfg \(paths)\(disk)", ready]
  }

  private let all: Set<String> = ["souk-catalog", "souk-cart", "souk-checkout", "souk-gateway"]

  @Test func `up starts each domain when the ones it needs are ready, from any folder`() throws {
    let dom0 = try FakeDom0()
    try dom0.set("slow-10.83.0.11", "...")
    let (exitCode, words) = try dom0.run("up.sh")
    #expect(exitCode == 0, "\(words)")
    #expect(dom0.takeLog() == Self.bridge + ServiceKind.allCases.flatMap { create(dom0, $0) })
    #expect(dom0.domains == all)
    #expect(words.contains("the shop is open on xenbr0: port 80, by DHCP for 00:16:3e:"))
    #expect(dom0.seconds == 3)
  }

  @Test func `up again starts nothing and still looks whether all are ready`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh").exitCode == 0)
    _ = dom0.takeLog()
    let (exitCode, words) = try dom0.run("up.sh")
    #expect(exitCode == 0 && words.contains("souk-cart runs already"))
    #expect(dom0.takeLog().allSatisfy { $0.hasPrefix("ready ") })
    // One of them was lost.
    unlink("\(dom0.path)/state/domain-souk-cart")
    #expect(try dom0.run("up.sh").exitCode == 0)
    #expect(dom0.takeLog().filter { !$0.hasPrefix("ready ") } == [create(dom0, .cart)[0]])
    #expect(dom0.domains == all)
  }

  @Test func `a service that never gets ready undoes everything, and says how to see why`() throws {
    let dom0 = try FakeDom0()
    try dom0.set(
      "unready-10.83.0.13",
      "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":503,\"detail\":\"The catalog does not answer.\"}")
    let (exitCode, words) = try dom0.run("up.sh", environment: ["SOUK_DEADLINE": "5"])
    #expect(exitCode == 1)
    #expect(
      words.contains("souk-checkout is not ready after 5 s. It says: The catalog does not answer."),
      "\(words)")
    #expect(dom0.domains == [] && !dom0.isThere("interface-soukbr0") && dom0.isThere("interface-xenbr0"))
    #expect(
      dom0.takeLog().suffix(4) == [
        "destroy souk-checkout", "shutdown souk-cart", "shutdown souk-catalog", "link del dev soukbr0",
      ])
    #expect(dom0.seconds == 5)
  }

  @Test func `a service that does not answer at all costs the time that was waited for it`() throws {
    let dom0 = try FakeDom0()
    try dom0.set("silent")
    let (exitCode, words) = try dom0.run("up.sh", environment: ["SOUK_DEADLINE": "14"])
    #expect(exitCode == 1 && words.contains("It says nothing: `xl create -c catalog.cfg`"), "\(words)")
    // Three times four seconds of waiting for an answer, and two in between.
    #expect(dom0.seconds == 2)
  }

  @Test func `a domain that ends before it is ready is not waited for`() throws {
    let dom0 = try FakeDom0()
    try dom0.set("unready-10.83.0.11")
    try dom0.set("dies-at-sleep", "souk-catalog")
    let (exitCode, words) = try dom0.run("up.sh")
    #expect(exitCode == 1 && words.contains("souk-catalog ended before it was ready"), "\(words)")
    #expect(dom0.seconds == 1)
    #expect(!dom0.isThere("interface-soukbr0"))
  }

  @Test(arguments: [("INT", 130), ("TERM", 143), ("HUP", 129)] as [(String, Int32)])
  func `an interruption undoes what was done`(_ signal: String, _ status: Int32) throws {
    let dom0 = try FakeDom0()
    try dom0.set("slow-10.83.0.12", "...")
    try dom0.set("interrupts", signal)
    #expect(try dom0.run("up.sh").exitCode == status)
    #expect(dom0.domains == [] && !dom0.isThere("interface-soukbr0"))
    #expect(
      dom0.takeLog().suffix(3) == ["destroy souk-cart", "shutdown souk-catalog", "link del dev soukbr0"])
  }

  @Test func `what ran before is not undone`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh", "catalog", "cart").exitCode == 0)
    #expect(dom0.domains == ["souk-catalog", "souk-cart"])
    try dom0.set("no-memory-souk-gateway")
    _ = dom0.takeLog()
    let (exitCode, words) = try dom0.run("up.sh")
    #expect(exitCode == 1)
    #expect(words.contains("xl: no memory left") && words.contains("xl could not start souk-gateway"))
    #expect(dom0.domains == ["souk-catalog", "souk-cart"] && dom0.isThere("interface-soukbr0"))
    #expect(dom0.takeLog().suffix(1) == ["shutdown souk-checkout"])
  }

  @Test func `a service that is named is started anew, alone`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh").exitCode == 0)
    _ = dom0.takeLog()
    #expect(try dom0.run("up.sh", "cart").exitCode == 0)
    #expect(dom0.takeLog() == ["shutdown souk-cart"] + create(dom0, .cart))
    #expect(dom0.domains == all)
  }

  @Test func `a folder with one service starts that one, without a bridge outside`() throws {
    let dom0 = try FakeDom0(only: [.catalog])
    unlink("\(dom0.path)/state/interface-xenbr0")
    #expect(try dom0.run("up.sh").exitCode == 0)
    #expect(dom0.domains == ["souk-catalog"])
    let (exitCode, words) = try dom0.run("up.sh", "cart")
    #expect(
      exitCode == 1 && words.contains("there is no service cart in") && words.contains("there are: catalog"))
  }

  @Test func `down stops the gateway first, and takes away the bridge that up made`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh").exitCode == 0)
    _ = dom0.takeLog()
    #expect(try dom0.run("down.sh").exitCode == 0)
    #expect(
      dom0.takeLog() == [
        "shutdown souk-gateway", "shutdown souk-checkout", "shutdown souk-cart", "shutdown souk-catalog",
        "link del dev soukbr0",
      ])
    let (exitCode, words) = try dom0.run("down.sh")
    #expect(exitCode == 0 && words.contains("nothing runs"))
    #expect(dom0.takeLog() == [])
  }

  @Test func `down with a name stops that one, and leaves the bridge to the others`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh").exitCode == 0)
    _ = dom0.takeLog()
    #expect(try dom0.run("down.sh", "cart").exitCode == 0)
    #expect(dom0.takeLog() == ["shutdown souk-cart"])
    #expect(dom0.isThere("interface-soukbr0"))
  }

  @Test func `a domain that does not listen is destroyed, again if it comes back`() throws {
    let dom0 = try FakeDom0()
    #expect(try dom0.run("up.sh").exitCode == 0)
    _ = dom0.takeLog()
    try dom0.set("deaf-souk-catalog")
    try dom0.set("tough-souk-catalog")
    let (exitCode, words) = try dom0.run("down.sh", environment: ["SOUK_DEADLINE": "3"])
    #expect(exitCode == 0 && words.contains("souk-catalog has not ended after 3 s: destroying it"))
    #expect(
      dom0.takeLog().suffix(3) == ["destroy souk-catalog", "destroy souk-catalog", "link del dev soukbr0"])
    #expect(dom0.domains == [])
  }

  @Test func `a bridge that somebody else made, or uses, stays`() throws {
    let dom0 = try FakeDom0()
    try dom0.add(interface: "soukbr0")
    #expect(try dom0.run("up.sh").exitCode == 0)
    #expect(dom0.takeLog().first == Self.bridge[1])
    #expect(try dom0.run("down.sh").exitCode == 0)
    #expect(dom0.isThere("interface-soukbr0"))

    let other = try FakeDom0()
    #expect(try other.run("up.sh").exitCode == 0)
    try other.set("interface-vif9.0", "12: vif9.0: <UP> mtu 1500 master soukbr0 state UP\n")
    #expect(try other.run("down.sh").exitCode == 0)
    #expect(other.isThere("interface-soukbr0") && other.domains == [])
  }

  @Test(arguments: ["up.sh", "down.sh"]) func `what is wrong with the host or the call is told in words`(
    _ script: String
  ) throws {
    let dom0 = try FakeDom0()
    try dom0.set("no-xen")
    let (exitCode, words) = try dom0.run(script)
    #expect(exitCode == 1 && words.contains("run this as root on Xen's dom0"))
    unlink("\(dom0.path)/bin/xl")
    #expect(try dom0.run(script).words.contains("there is no xl"))
    #expect(try dom0.run(script, "carts").words.contains("there is no service carts"))
    #expect(try dom0.run(script, environment: ["SOUK_DEADLINE": "soon"]).words.contains("SOUK_DEADLINE=soon"))
    #expect(dom0.takeLog() == [])
  }

  @Test func `what is missing is named before anything is started`() throws {
    let dom0 = try FakeDom0()
    unlink("\(dom0.path)/state/interface-xenbr0")
    #expect(try dom0.run("up.sh").words.contains("there is no bridge xenbr0 for the gateway"))
    try dom0.add(interface: "xenbr0")
    try Files.write(Array("cut sh".utf8), to: "\(dom0.deployment.folder)/cart.elf", mode: 0o644)
    #expect(try dom0.run("up.sh").words.contains("cart.elf is not what SHA256SUMS says"))
    unlink("\(dom0.path)/checkout.disk")
    #expect(try dom0.run("up.sh").words.contains("cart.elf is not what"))
    unlink("\(dom0.deployment.folder)/catalog.module")
    #expect(try dom0.run("up.sh").words.contains("there is no catalog.module"))
    unlink("\(dom0.deployment.folder)/shop.conf")
    #expect(try dom0.run("up.sh").words.contains("there is no shop.conf"))
    #expect(dom0.takeLog() == [] && dom0.domains == [])
    #expect(!dom0.isThere("interface-soukbr0"))
  }

  @Test func `no bridge can be made: said so, and nothing started`() throws {
    let dom0 = try FakeDom0()
    try dom0.set("no-bridges")
    let (exitCode, words) = try dom0.run("up.sh")
    #expect(exitCode == 1 && words.contains("cannot make the bridge soukbr0"))
    #expect(dom0.takeLog() == [])
  }

  @Test func `a folder that was moved is started from where it is`() throws {
    let dom0 = try FakeDom0()
    let there = dom0.path + "/a shop, moved"
    try FileManager.default.moveItem(atPath: dom0.deployment.folder, toPath: there)
    dom0.deployment = XenDeployment(folder: there, plan: dom0.deployment.plan)
    #expect(try dom0.run("up.sh", "gateway").exitCode == 0)
    #expect(dom0.takeLog().last { $0.hasPrefix("create") } == create(dom0, .gateway)[0])
  }

  @Test func `no bashism is in the scripts`() throws {
    for script in ["up.sh", "down.sh", "domains.sh"] {
      let path = "\(Checkout.root)/deploy/xl/\(script)"
      for words in [["/bin/sh", "-n", path]] + Self.linters.map({ $0 + [path] }) {
        let answer = try Captured.run(words)
        #expect(answer.exitCode == 0, "\(words): \(answer.output)")
      }
    }
  }

  /// What this computer has besides: busybox's shell, and shellcheck.
  private static let linters = [
    ["busybox", "sh", "-n"], ["shellcheck", "-s", "sh", "-x", "-P", Checkout.root],
  ].filter { words in
    ["/usr/bin/", "/bin/"].contains { Files.exists($0 + words[0]) }
  }
}
