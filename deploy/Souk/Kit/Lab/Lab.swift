import Foundation
import Glibc
import Wire

/// Real Xen in QEMU: where a shop's lab has its files, and what its parts are called (deploy/xen-lab/boot).
struct Lab {
  /// The shop's.
  let folder: DataFolder

  init(_ folder: DataFolder) { self.folder = folder }

  static let scripts = Checkout.root + "/deploy/xen-lab"

  /// For the time it runs; its owner's alone.
  var place: String { folder.run + "/lab" }
  /// Where dom0 takes commands (`Dom0Command`), one of them at a time.
  var commandSocket: String { place + "/command" }
  /// Where a person does.
  var shellSocket: String { place + "/shell" }
  /// Where dom0 sends what the domains say.
  var logSocket: String { place + "/log" }
  /// Where QEMU listens for the switch, which is the network outside.
  var networkSocket: String { place + "/net" }
  /// Is there once dom0 takes commands.
  var readyFile: String { place + "/ready" }
  /// What Xen and dom0 say.
  var console: String { place + "/console.log" }
  /// What `souk deploy` would write, and the same as a tar for dom0.
  var deployment: String { place + "/deployment" }
  var archive: String { place + "/deployment.tar" }

  /// Where dom0 has the deployment.
  static let placeInDom0 = "/lab"
  /// dom0's own place outside, to which `door` leads connections of the host's.
  static let dom0Address = "10.0.2.15"
  /// QEMU's network: the bridge that dom0 has for it, the gateway's place there, and the router.
  static let outside = Manifest.Outside(
    bridge: "xenbr0",
    address: .init(
      address: IPv4Address("10.0.2.20")!, prefixLength: 24, gateway: IPv4Address("10.0.2.2")!))
  static let insideBridge = "soukbr0"
  /// MiB that Xen and dom0 leave for domains (`-m` and `dom0_mem` in deploy/xen-lab/boot).
  static let domainMegabytes = 900

  /// The disk of `kind` in dom0: the first one has the archive.
  static func disk(_ kind: ServiceKind) -> String {
    let index = ServiceKind.allCases.filter(\.keepsData).firstIndex(of: kind) ?? 0
    return "/dev/vd" + ["b", "c", "d", "e", "f"][index]
  }

  /// The port of dom0's that leads to the service's port inside.
  static func door(_ kind: ServiceKind) -> UInt16 {
    8001 + UInt16(ServiceKind.allCases.firstIndex(of: kind) ?? 0)
  }

  /// The port inside that a door leads to: the one with /readyz.
  static func port(behind kind: ServiceKind) -> UInt16 {
    kind == .gateway ? InnerNetwork.adminPort : InnerNetwork.port
  }

  /// The manifest with the lab's networks in place of the host's.
  static func manifest(_ manifest: Manifest) throws(Failure) -> Manifest {
    let wanted = ServiceKind.allCases.map(manifest.xen.megabytes).reduce(0, +)
    guard wanted <= domainMegabytes else {
      throw Failure(
        "the domains want \(wanted) MiB by the manifest (xen: memory:), and the lab has \(domainMegabytes)")
    }
    var manifest = manifest
    manifest.xen.outside = outside
    manifest.xen.insideBridge = insideBridge
    return manifest
  }

  /// What deploy/xen-lab/boot is told.
  var bootArguments: [String] {
    let disks = ServiceKind.allCases.filter(\.keepsData).flatMap { ["--disk", folder.disk($0.rawValue)] }
    return ["--run", place, "--tar", archive, "--net", networkSocket] + disks
  }

  /// What the switch leads to: the gateway, from the storefront's socket; the services, by dom0's doors.
  func switchSettings(storefront: Int32, services: [ServiceKind: Int32]) -> SwitchSettings {
    let gateway = Self.outside.address.map { "\($0.address):\(InnerNetwork.port)" } ?? ""
    var doors = [ForwarderSettings.Door(name: "storefront", descriptor: storefront, endpoint: gateway)]
    for kind in ServiceKind.allCases {
      guard let descriptor = services[kind] else { continue }
      doors.append(
        .init(name: kind.rawValue, descriptor: descriptor, endpoint: "\(Self.dom0Address):\(Self.door(kind))")
      )
    }
    let router = Self.outside.address?.gateway.map { "\($0)" } ?? ""
    return SwitchSettings(
      ports: [.init(name: "lab", socket: networkSocket)], doors: doors,
      place: .init(address: router, prefixLength: Self.outside.address?.prefixLength ?? 24))
  }

  /// Why there can be no lab; nil when there can.
  func obstacle() -> String? {
    if let obstacle = VirtualMachine.obstacle() { return obstacle }
    guard Files.exists(Self.scripts + "/boot") else {
      return "\(Files.shown(Self.scripts)) is not there: the lab needs a whole checkout"
    }
    let excess = logSocket.utf8.count + 8 - UnixSocket.maximumPathByteCount
    guard excess <= 0 else {
      return "the path of \(Files.shown(folder.path)) is too long for the lab's sockets, by \(excess) bytes: "
        + "choose another with --data"
    }
    return nil
  }

  /// Takes away what is there only while it runs.
  func remove() { try? FileManager.default.removeItem(atPath: place) }
}
