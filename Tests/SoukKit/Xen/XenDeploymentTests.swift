import Foundation
import Glibc
import MachineSettings
import Testing

@testable import SoukKit

/// A folder that goes when the test does, with images beside it.
private final class Place {
  let path: String
  var deployment: XenDeployment

  init(_ xen: String = "", place: String? = nil) throws {
    var template = Array("/tmp/souk-deploy-XXXXXX".utf8CString)
    mkdtemp(&template)
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    mkdir(path + "/images", 0o700)
    deployment = XenDeployment(folder: path + "/out", plan: try XenSample.plan(xen), place: place)
    deployment.images = path + "/images"
    for kind in ServiceKind.allCases { try build(kind, "the \(kind)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func build(_ kind: ServiceKind, _ text: String) throws {
    try Files.write(Array(text.utf8), to: "\(path)/images/\(kind.rawValue).elf", mode: 0o644)
  }

  @discardableResult
  func write(_ only: ServiceKind? = nil) throws(Failure) -> [String] {
    try deployment.write(DataFolder(path + "/data"), only: only)
  }

  func failure(_ only: ServiceKind? = nil) -> String {
    do throws(Failure) {
      try write(only)
      return "no failure"
    } catch {
      return error.message
    }
  }

  func read(_ name: String) -> String { Files.text("\(path)/out/\(name)") ?? "" }
  var names: [String] { (Files.names(in: path + "/out") ?? []).sorted() }

  func mode(_ name: String) -> mode_t {
    var status = stat()
    stat("\(path)/out/\(name)", &status)
    return status.st_mode & 0o777
  }
}

@Suite struct XenDeploymentTests {
  @Test func `a folder holds what dom0 needs, and keeps its secrets`() throws {
    let place = try Place()
    #expect(try place.write() == ["catalog.disk", "cart.disk", "checkout.disk"])
    let each = ServiceKind.allCases.flatMap { kind in
      ["cfg", "elf", "module", "xml"].map { "\(kind.rawValue).\($0)" }
        + (kind.keepsData ? ["\(kind.rawValue).disk"] : [])
    }
    let shared = ["README.txt", "SHA256SUMS", "domains.sh", "down.sh", "shop.conf", "up.sh"]
    #expect(place.names == (each + shared).sorted())
    #expect(place.mode("") == 0o700 && place.mode("up.sh") == 0o755)
    for kind in ServiceKind.allCases {
      #expect(place.mode("\(kind.rawValue).module") == 0o600)
      let module = try #require(Files.read("\(place.path)/out/\(kind.rawValue).module"))
      #expect(try SettingsModule.parse(module.span.bytes)["service"] == kind.rawValue)
      for open in ["cfg", "xml"] { #expect(!place.read("\(kind.rawValue).\(open)").contains("secret")) }
    }
    #expect(try DiskReport(place.path + "/out/cart.disk").service == "cart")
    #expect(Files.byteCount(place.path + "/out/catalog.disk") == 256 << 20)
  }

  @Test func `checksums are what sha256sum checks`() throws {
    let place = try Place()
    try place.write(.cart)
    try place.write(.gateway)
    let answer = try Captured.run(["sh", "-c", "cd '\(place.path)/out' && sha256sum -c SHA256SUMS"])
    #expect(answer.exitCode == 0 && answer.output == "cart.elf: OK\ngateway.elf: OK\n")
  }

  @Test func `doing it again replaces images and leaves disks`() throws {
    let place = try Place()
    try place.write()
    let disk = try #require(Files.read(place.path + "/out/cart.disk"))
    let sums = place.read("SHA256SUMS")
    try place.build(.cart, "a better cart")
    #expect(try place.write() == [])
    #expect(place.read("cart.elf") == "a better cart" && place.read("SHA256SUMS") != sums)
    #expect(Files.read(place.path + "/out/cart.disk") == disk)
  }

  @Test func `one service is deployed alone`() throws {
    let place = try Place()
    unlink(place.path + "/images/gateway.elf")
    #expect(try place.write(.catalog) == ["catalog.disk"])
    #expect(!place.names.contains { $0.hasPrefix("cart") || $0.hasPrefix("gateway") })
    try place.build(.cart, "not this one")
    try place.build(.catalog, "a better catalog")
    try place.write(.catalog)
    #expect(place.read("catalog.elf") == "a better catalog")
  }

  @Test func `paths are relative, or begin where dom0 has the folder`() throws {
    let here = try Place()
    try here.write(.cart)
    #expect(here.read("cart.cfg").contains("kernel = \"cart.elf\""))
    #expect(here.read("cart.xml").contains("<kernel>\(here.path)/out/cart.elf</kernel>"))
    let there = try Place(place: "/srv/souk")
    try there.write(.cart)
    #expect(there.read("cart.cfg").contains("kernel = \"/srv/souk/cart.elf\""))
    #expect(there.read("cart.cfg").contains("target=/srv/souk/cart.disk"))
    #expect(there.read("cart.xml").contains("<source file='/srv/souk/cart.disk'/>"))
    #expect(there.read("README.txt").contains("/srv/souk"))
  }

  @Test func `a disk elsewhere is not made`() throws {
    let place = try Place()
    place.deployment.elsewhere = { "/disks/\($0.rawValue).disk" }
    #expect(try place.write() == [])
    #expect(place.read("cart.cfg").contains("target=/disks/cart.disk"))
    #expect(place.read("shop.conf").contains("disk_cart='/disks/cart.disk'"))
    #expect(!place.names.contains("cart.disk"))
  }

  @Test func `what an operator may get wrong is told before anything is written`() throws {
    let place = try Place()
    unlink(place.path + "/images/checkout.elf")
    #expect(place.failure().contains("checkout.elf is not built: `./souk build --target xen` makes it"))
    #expect(place.names == [])
    try place.build(.checkout, "the checkout")

    place.deployment.place = "srv"
    #expect(place.failure().contains("--path-on-dom0 srv must be a path from the root"))
    place.deployment.place = "/a \"shop\""
    #expect(place.failure().contains("without quotation marks"))
    place.deployment.place = nil

    mkdir(place.path + "/out", 0o755)
    try Files.write([], to: place.path + "/out/thesis.tex", mode: 0o600)
    #expect(place.failure().contains("out holds other things (thesis.tex)"))
    #expect(place.names == ["thesis.tex"])
    unlink(place.path + "/out/thesis.tex")
    try place.write(.cart)
    #expect(place.mode("") == 0o700)

    rename(place.path + "/out/cart.disk", place.path + "/out/catalog.disk")
    #expect(place.failure().contains("catalog.disk is the disk of cart, not of catalog"))
    try Files.write(Array("no disk".utf8), to: place.path + "/out/catalog.disk", mode: 0o600)
    #expect(place.failure(.catalog).contains("catalog.disk"))

    place.deployment = XenDeployment(folder: place.path + "/images/cart.elf", plan: place.deployment.plan)
    place.deployment.images = place.path + "/images"
    #expect(place.failure().contains("cart.elf is not a folder"))
    place.deployment = XenDeployment(folder: "/nowhere/at/all", plan: place.deployment.plan)
    place.deployment.images = place.path + "/images"
    #expect(place.failure().contains("cannot make the folder /nowhere/at/all"))
  }
}
