import Cryptography
import Disk
import Glibc
import MachineSettings

/// A folder from which a dom0 runs the shop as domains of Xen: `souk deploy --target xen` writes it.
struct XenDeployment {
  /// Tells a folder of this kind, and tells its scripts what is in it.
  static let conf = "shop.conf"
  static let scripts = ["up.sh", "down.sh", "domains.sh"]
  static let checksums = "SHA256SUMS"
  static let readme = "README.txt"

  /// From the root.
  let folder: String
  let plan: XenPlan
  /// Where dom0 will have the folder; nil where that is not known, and xl is started in it.
  var place: String?
  /// The disk of a service, from the root, where it lies outside of the folder; nil for disks in the folder.
  var elsewhere: ((ServiceKind) -> String)?
  /// Where the images are.
  var images = Checkout.images
  /// Where the scripts are.
  var templates = Checkout.root + "/deploy/xl"

  init(folder: String, plan: XenPlan, place: String? = nil) {
    self.folder = Files.absolute(folder)
    self.plan = plan
    self.place = place
  }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Writes the folder, or in it only what `only` needs. A disk that is there stays as it is. Returns the names of the
  /// disks that were made.
  @discardableResult
  func write(_ data: DataFolder, only: ServiceKind? = nil) throws(Failure) -> [String] {
    let kinds = only.map { [$0] } ?? ServiceKind.allCases
    try check(kinds)
    var made: [String] = []
    for kind in kinds {
      let settings = ServiceSettings(
        kind, folder: data, manifest: plan.manifest, secrets: plan.secrets, ports: [:], target: .xen,
        version: plan.version)
      try Files.write(
        SettingsModule.render(settings.bytes), to: path(XenPlan.module(kind)), mode: 0o600)
      try copyImage(kind)
      let disk = elsewhere?(kind)
      try write(plan.domain(kind, in: place ?? "", disk: disk).configuration, XenPlan.configuration(kind))
      try write(plan.domain(kind, in: place ?? folder, disk: disk).libvirt, XenPlan.libvirt(kind))
      if kind.keepsData, elsewhere == nil, try makeDisk(kind) { made.append(XenPlan.disk(kind)) }
    }
    for script in Self.scripts {
      guard let bytes = Files.read("\(templates)/\(script)") else {
        throw Failure("cannot read \(Files.shown(templates))/\(script), which belongs to this checkout")
      }
      // The last one is only read by the others.
      try Files.write(bytes, to: path(script), mode: script == Self.scripts.last ? 0o644 : 0o755)
    }
    try write(conf, Self.conf)
    try write(checksums(), Self.checksums)
    try write(readme, Self.readme)
    return made
  }

  /// Everything that can be wrong, before anything is written.
  private func check(_ kinds: [ServiceKind]) throws(Failure) {
    for kind in kinds where !Files.exists("\(images)/\(XenPlan.image(kind))") {
      throw Failure(
        "the image \(Files.shown(images))/\(XenPlan.image(kind)) is not built: `./souk build --target xen` makes it"
      )
    }
    // Both xl and the scripts put paths between quotation marks.
    for path in [place ?? folder] + kinds.compactMap({ elsewhere?($0) }) {
      guard path.utf8.allSatisfy({ $0 >= 32 && $0 != 127 && $0 != 34 && $0 != 39 && $0 != 92 }) else {
        throw Failure(
          "xl cannot be given the path \(path): choose one without quotation marks and backslashes")
      }
    }
    if let place, !place.hasPrefix("/") {
      throw Failure("--path-on-dom0 \(place) must be a path from the root, such as /srv/souk")
    }
    try prepareFolder()
    guard elsewhere == nil else { return }
    for kind in kinds where kind.keepsData && Files.exists(path(XenPlan.disk(kind))) {
      // Not one that a domain has at this moment.
      if DiskImage.loopDevice(of: path(XenPlan.disk(kind))) != nil { continue }
      let owner = try DiskImage.overlaid(path(XenPlan.disk(kind))).service
      guard owner == kind.rawValue else {
        throw Failure(
          "\(Files.shown(path(XenPlan.disk(kind)))) is the disk of \(owner), not of \(kind.rawValue): move it away"
        )
      }
    }
  }

  /// Makes the folder, or takes an empty one or one that was deployed before.
  private func prepareFolder() throws(Failure) {
    if mkdir(folder, 0o700) == 0 { return }
    guard errno == EEXIST else {
      throw Failure("cannot make the folder \(Files.shown(folder)): \(String(cString: strerror(errno)))")
    }
    guard let names = Files.names(in: folder) else {
      throw Failure("\(Files.shown(folder)) is not a folder that can be read: choose another with --out")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw Failure("the folder \(Files.shown(folder)) is not writable: choose another with --out")
    }
    guard names.isEmpty || names.contains(Self.conf) else {
      throw Failure(
        "\(Files.shown(folder)) holds other things (\(names.sorted()[0])): choose an empty or a new folder with --out"
      )
    }
    // The boot modules in it hold secrets.
    chmod(folder, 0o700)
  }

  private func copyImage(_ kind: ServiceKind) throws(Failure) {
    guard let bytes = Files.read("\(images)/\(XenPlan.image(kind))") else {
      throw Failure("cannot read the image \(Files.shown(images))/\(XenPlan.image(kind))")
    }
    try Files.write(bytes, to: path(XenPlan.image(kind)), mode: 0o644)
  }

  /// Makes the service's disk if there is none, under another name until it is whole. Whether it did.
  private func makeDisk(_ kind: ServiceKind) throws(Failure) -> Bool {
    let disk = path(XenPlan.disk(kind))
    if Files.exists(disk) { return false }
    let fresh = disk + ".new"
    try DiskImage.create(
      fresh, service: kind.rawValue, byteCount: DatabasePlace.Transfer.diskByteCount(kind.rawValue),
      force: true)
    guard rename(fresh, disk) == 0 else {
      throw Failure("cannot rename \(Files.shown(fresh)): \(String(cString: strerror(errno)))")
    }
    return true
  }

  private func write(_ text: String, _ name: String) throws(Failure) {
    try Files.write(Array(text.utf8), to: path(name), mode: 0o644)
  }

  /// As `sha256sum -c` reads it, for every image in the folder.
  private func checksums() -> String {
    var lines = ""
    for kind in ServiceKind.allCases {
      guard let bytes = Files.read(path(XenPlan.image(kind))) else { continue }
      lines += "\(Hex.encode(SHA256.hash(bytes)))  \(XenPlan.image(kind))\n"
    }
    return lines
  }
}
