/// What the forwarder is started with: which of its descriptors leads where, and the namespace to connect from.
struct ForwarderSettings {
  /// One listening socket of this machine and the place on the inner network that it stands for.
  struct Door: Equatable {
    /// `catalog`, `gateway-admin`.
    var name: String
    /// In the supervisor.
    var descriptor: Int32
    /// `10.83.0.11:80`.
    var endpoint: String
  }

  /// The first descriptor number in the child.
  static let firstDescriptor: Int32 = 3

  let namespace: NetworkNamespace
  let doors: [Door]

  /// For `Spawn`.
  var descriptors: [(from: Int32, to: Int32)] { Self.descriptors(doors) }

  var bytes: [UInt8] {
    let lines = ["supervised=true", "log.level=warning", "net.namespace=\(namespace.path)"]
    return (lines + Self.lines(doors)).flatMap { Array("\($0)\n".utf8) }
  }

  static func descriptors(_ doors: [Door]) -> [(from: Int32, to: Int32)] {
    doors.enumerated().map { ($0.element.descriptor, firstDescriptor + Int32($0.offset)) }
  }

  static func lines(_ doors: [Door]) -> [String] {
    var lines = ["doors=" + doors.map(\.name).joined(separator: " ")]
    for (door, descriptor) in zip(doors, descriptors(doors)) {
      lines += ["\(door.name).fd=\(descriptor.to)", "peer.\(door.name)=\(door.endpoint)"]
    }
    return lines
  }
}
