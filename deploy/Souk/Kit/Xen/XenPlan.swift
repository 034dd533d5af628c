import Cryptography

/// How a shop's services become domains of Xen.
struct XenPlan {
  let manifest: Manifest
  let secrets: Secrets
  /// By which the services reach each other; over IPv6, the gateway also asks outside for an address of it.
  var version = InternetProtocol.v4

  /// The domain of `kind`, with its files in `place` as dom0 sees it; empty for the folder that xl is started in.
  /// `disk` is the path of its disk, if that lies elsewhere.
  func domain(_ kind: ServiceKind, in place: String, disk: String? = nil) -> XenDomain {
    let start = place.isEmpty ? "" : place + "/"
    return XenDomain(
      name: manifest.xen.domain(kind), memoryMegabytes: manifest.xen.megabytes(kind),
      kernel: start + Self.image(kind), module: start + Self.module(kind),
      disk: kind.keepsData ? disk ?? start + Self.disk(kind) : nil, interfaces: interfaces(kind))
  }

  static func image(_ kind: ServiceKind) -> String { "\(kind.rawValue).elf" }
  static func module(_ kind: ServiceKind) -> String { "\(kind.rawValue).module" }
  static func disk(_ kind: ServiceKind) -> String { "\(kind.rawValue).disk" }
  static func configuration(_ kind: ServiceKind) -> String { "\(kind.rawValue).cfg" }
  static func libvirt(_ kind: ServiceKind) -> String { "\(kind.rawValue).xml" }

  private func interfaces(_ kind: ServiceKind) -> [XenDomain.Interface] {
    var interfaces = [
      XenDomain.Interface(
        hardwareAddress: InnerNetwork.xenHardwareAddress(kind), bridge: manifest.xen.insideBridge)
    ]
    if kind == .gateway {
      interfaces.append(.init(hardwareAddress: outsideHardwareAddress, bridge: manifest.xen.outside.bridge))
    }
    return interfaces
  }

  /// The same for one shop each time, another for every other shop, and never one of those inside: three bytes behind
  /// Xen's prefix, the first of them at least 0x80.
  var outsideHardwareAddress: String {
    if let address = manifest.xen.outside.hardwareAddress { return address }
    var bytes = HMACSHA256.authenticate(Array("outside".utf8), key: Array(secrets.internal.utf8)).prefix(3)
    bytes[0] |= 0x80
    return bytes.reduce(InnerNetwork.xenPrefix) { $0 + ":" + Hex.encode([$1]) }
  }
}
