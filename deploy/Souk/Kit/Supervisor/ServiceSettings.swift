import Wire

/// The settings that one service is started with: `key=value`, one a line. A process has them as a file, an image as its
/// boot module (`SettingsModule.render`). They hold secrets: the file's mode is 0600.
struct ServiceSettings {
  /// Descriptor numbers in the child.
  static let listenDescriptor: Int32 = 3
  static let adminDescriptor: Int32 = 4
  /// In place of a listening socket, for a service on our own stack.
  static let tapDescriptor: Int32 = 3

  var lines: [(key: String, value: String)] = []

  init(
    _ kind: ServiceKind, folder: DataFolder, manifest: Manifest, secrets: Secrets,
    ports: [ServiceKind: UInt16], network: ServiceNetwork = .kernel, target: Target = .process,
    version: InternetProtocol = .v4
  ) {
    let isOnOwnStack = network == .tap || target.isImages
    add("service", kind.rawValue)
    if target.isImages {
      if kind.keepsData { add("database.disk", "virtio") }
    } else {
      add("supervised", "true")
      if kind.keepsData { add("database.path", folder.database(kind.rawValue)) }
      switch network {
      case .kernel: listenOnInheritedSockets(kind)
      case .tap:
        add("net.tap.fd", String(Self.tapDescriptor))
        add("net.mac", InnerNetwork.hardwareAddress(kind))
      }
    }
    if isOnOwnStack {
      listenOnOwnStack(kind, version, outside: target == .xen ? manifest.xen.outside : nil)
    }
    add("log.level", manifest.logLevel)
    add("log.format", manifest.logFormat)
    add("secret.internal", secrets.internal)
    add("secret.admin", secrets.adminToken)
    if kind == .gateway { add("secret.cookie", secrets.cookie) }
    for peer in kind.peers {
      let endpoint =
        isOnOwnStack ? InnerNetwork.endpoint(peer, version) : version.loopbackAuthority(ports[peer] ?? 0)
      add("peer.\(peer.rawValue)", endpoint)
    }
    add("shop.name", manifest.name)
    add("shop.currency", manifest.currency)
    add("shop.taxIncluded", manifest.taxIncluded ? "true" : "false")
    for rate in manifest.taxRates { add("shop.tax.\(rate.country)", String(rate.basisPoints)) }
    for method in manifest.shippingMethods { add("shop.shipping.\(method.id)", String(method.priceMinor)) }
  }

  private mutating func listenOnInheritedSockets(_ kind: ServiceKind) {
    add("listen.fd", String(Self.listenDescriptor))
    if kind == .gateway { add("admin.fd", String(Self.adminDescriptor)) }
  }

  /// `outside` is what Xen's host has outside of the services' network. That network has no router then, and who
  /// reached it from elsewhere would get no answer.
  private mutating func listenOnOwnStack(
    _ kind: ServiceKind, _ version: InternetProtocol, outside: Manifest.Outside?
  ) {
    let address = InnerNetwork.address(kind, version)
    switch version {
    case .v4:
      add("net.address", "\(address)/\(InnerNetwork.prefixLength)")
      if outside == nil { add("net.gateway", InnerNetwork.gateway) }
    case .v6:
      add("net.address6", "\(address)/\(InnerNetwork.prefixLength6)")
      if outside == nil { add("net.gateway6", InnerNetwork.gateway6) }
    }
    add("net.offload", "true")
    let isOutside = kind == .gateway && outside != nil
    if isOutside {
      add("outside.address", outside?.address.map { "\($0.address)/\($0.prefixLength)" } ?? "dhcp")
      if let gateway = outside?.address?.gateway { add("outside.gateway", gateway.description) }
      if version == .v6 { add("outside.address6", "auto") }
    }
    let any = version == .v4 ? IPv4Address.unspecified.description : "::"
    add("listen.address", isOutside ? any : address)
    add("listen.port", String(InnerNetwork.port))
    if kind == .gateway {
      add("admin.address", address)
      add("admin.port", String(InnerNetwork.adminPort))
    }
  }

  private mutating func add(_ key: String, _ value: String) { lines.append((key, value)) }

  subscript(key: String) -> String? { lines.first { $0.key == key }?.value }

  var bytes: [UInt8] { lines.flatMap { Array("\($0.key)=\($0.value)\n".utf8) } }
}
