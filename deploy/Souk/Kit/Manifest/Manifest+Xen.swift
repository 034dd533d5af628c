import Wire
import Yams

extension Manifest {
  /// The section `xen`: what the owner of a Xen host decides about the shop's domains.
  struct Xen: Equatable {
    /// Domains are called by this and their service: `souk-catalog`.
    var prefix = "souk"
    /// The bridge without an uplink that carries the four services; made when the shop starts.
    var insideBridge = "soukbr0"
    var outside = Outside()
    /// MiB of each domain.
    var memory: [ServiceKind: Int] = [.catalog: 32, .cart: 32, .checkout: 32, .gateway: 16]

    /// Images serve in less than 8 MiB: this is room for what they keep at a time.
    static let memoryRange = 8...65_536
    static let maximumPrefixLength = 24
    /// Of an interface's name: Linux's IFNAMSIZ without the terminating zero.
    static let maximumBridgeLength = 15

    func megabytes(_ kind: ServiceKind) -> Int { memory[kind] ?? 32 }
    func domain(_ kind: ServiceKind) -> String { "\(prefix)-\(kind.rawValue)" }
  }

  /// The gateway's second interface, by which customers come.
  struct Outside: Equatable {
    /// The host's own bridge: it must be there.
    var bridge = "xenbr0"
    /// Nil for DHCP.
    var address: Address?
    /// Nil for one that is made from the shop's secret, so that two shops on one network differ.
    var hardwareAddress: String?

    struct Address: Equatable {
      var address: IPv4Address
      var prefixLength: Int
      /// The router to everywhere else; nil when there is none.
      var gateway: IPv4Address?
    }
  }
}

extension Manifest.Xen {
  /// Reads the section `xen`; what it leaves out stays as it is by default.
  init(_ section: ManifestSection) throws(Failure) {
    if section.has("prefix") { prefix = try Self.prefix(section) }
    if section.has("insideBridge") { insideBridge = try Self.bridge(section, "insideBridge") }
    if section.has("outside") {
      outside = try .init(try section.section("outside", keys: ["bridge", "address", "gateway", "mac"]))
    }
    if section.has("memory") {
      let memory = try section.section("memory", keys: ServiceKind.allCases.map(\.rawValue))
      for kind in ServiceKind.allCases where memory.has(kind.rawValue) {
        let range = Self.memoryRange
        self.memory[kind] = try memory.number(
          kind.rawValue, in: range, "MiB of memory, from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    guard insideBridge != outside.bridge else {
      throw section.failure(
        "has \(insideBridge) for both bridges: the inside one has no way out, so name two different ones")
    }
  }

  private static func prefix(_ section: ManifestSection) throws(Failure) -> String {
    let entry = try section.entry("prefix")
    let text = entry.value.scalar?.string ?? ""
    let isWord = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    guard isWord, (1...maximumPrefixLength).contains(text.utf8.count), (97...122).contains(text.utf8.first!)
    else {
      throw section.failure(
        entry,
        "must be what domains' names begin with: up to \(maximumPrefixLength) of a-z, 0-9 and -, such as souk"
      )
    }
    return text
  }

  fileprivate static func bridge(_ section: ManifestSection, _ key: String) throws(Failure) -> String {
    let entry = try section.entry(key)
    let text = entry.value.scalar?.string ?? ""
    let isName = text.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
        || [45, 46, 95].contains($0)
    }
    guard isName, (1...maximumBridgeLength).contains(text.utf8.count), text.utf8.first != 45, text != ".",
      text != ".."
    else {
      throw section.failure(
        entry,
        "must be a bridge's name: up to \(maximumBridgeLength) letters, digits, -, . and _, such as xenbr0")
    }
    return text
  }
}

extension Manifest.Outside {
  /// Reads the section `xen.outside`.
  init(_ section: ManifestSection) throws(Failure) {
    if section.has("bridge") { bridge = try Manifest.Xen.bridge(section, "bridge") }
    if section.has("address") { address = try Self.address(section) }
    if section.has("mac") { hardwareAddress = try Self.hardwareAddress(section) }
    guard section.has("gateway") else { return }
    let entry = try section.entry("gateway")
    guard let address else {
      throw section.failure(entry, "goes with an address: DHCP brings its own router, so leave it out")
    }
    let network = IPv4Network(address.address, prefixLength: address.prefixLength)
    guard let gateway = entry.value.scalar.flatMap({ IPv4Address($0.string) }), gateway != address.address,
      Self.isHost(gateway, network)
    else {
      throw section.failure(entry, "must be the address of another host of \(network), the router")
    }
    self.address?.gateway = gateway
  }

  private static func address(_ section: ManifestSection) throws(Failure) -> Address? {
    let entry = try section.entry("address")
    let text = entry.value.scalar?.string ?? ""
    if text == "dhcp" { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(String(parts[0])), parts[1].utf8.count <= 2,
      parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(parts[1]),
      (1...32).contains(length),
      isHost(address, IPv4Network(address, prefixLength: length))
    else {
      throw section.failure(
        entry, "must be dhcp, or a host's address and prefix length, such as 192.0.2.10/24")
    }
    let outside = IPv4Network(address, prefixLength: length)
    let inside = InnerNetwork.network
    guard
      outside.prefixLength > inside.prefixLength
        ? !inside.contains(address) : !outside.contains(inside.address)
    else {
      throw section.failure(entry, "overlaps \(inside), the services' own network: choose another")
    }
    return Address(address: address, prefixLength: length)
  }

  /// Whether one host may have the address: not the network's own, nor its broadcast, nor anybody's or everybody's.
  private static func isHost(_ address: IPv4Address, _ network: IPv4Network) -> Bool {
    guard network.contains(address), !address.isMulticast, !address.isLoopback, address.rawValue >> 24 != 0,
      !address.isBroadcast
    else { return false }
    // A link of two (RFC 3021), or of one.
    if network.prefixLength > 30 { return true }
    let host = address.rawValue & (UInt32.max >> UInt32(network.prefixLength))
    return host != 0 && host != UInt32.max >> UInt32(network.prefixLength)
  }

  private static func hardwareAddress(_ section: ManifestSection) throws(Failure) -> String {
    let entry = try section.entry("mac")
    let text = (entry.value.scalar?.string ?? "").lowercased()
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
      part.utf8.count == 2 ? UInt8(part, radix: 16) : nil
    }
    guard parts.count == 6, !parts.contains(nil), !text.contains("+"), parts[0]! & 1 == 0,
      parts.contains(where: { $0 != 0 })
    else {
      throw section.failure(entry, "must be one interface's hardware address, such as 00:16:3e:12:34:56")
    }
    guard !ServiceKind.allCases.map(InnerNetwork.xenHardwareAddress).contains(text) else {
      throw section.failure(entry, "is the address of an interface inside: choose another")
    }
    return text
  }
}
