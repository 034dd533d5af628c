import ArgumentParser

/// The machine under the services.
enum Target: String, CaseIterable, Codable, ExpressibleByArgument {
  /// A Linux process for each.
  case process
  /// An image for each, in a microVM of QEMU's.
  case qemu
  /// The same images as domains of Xen.
  case xen

  /// What a user may ask for.
  static let list = allCases.map(\.rawValue).joined(separator: ", ")
  var isImages: Bool { self != .process }
}
