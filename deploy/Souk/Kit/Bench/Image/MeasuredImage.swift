import MachineSettings

/// A service's image in a machine of its own, with the settings that `souk up --target qemu` would give it.
struct MeasuredImage {
  /// Of a service that has said so, in its log.
  static let readyWords = "message=serving"

  let kind: ServiceKind
  let images: String
  let folder: String
  private let secrets = Secrets(
    internal: String(repeating: "a", count: 64), cookie: String(repeating: "b", count: 64),
    adminToken: Self.token)

  static let token = String(repeating: "c", count: 48)

  var image: String { "\(images)/\(kind.rawValue).elf" }
  var disk: String { "\(folder)/\(kind.rawValue).disk" }
  /// Where `/livez` is.
  var livezPort: UInt16 { kind == .gateway ? InnerNetwork.adminPort : InnerNetwork.port }

  init(_ kind: ServiceKind, images: String, folder: String) throws(Failure) {
    self.kind = kind
    self.images = images
    self.folder = folder
    guard Files.exists(image) else {
      throw Failure("the image \(Files.shown(image)) is not built: `./souk build --target qemu` makes it")
    }
  }

  /// Makes the disk empty.
  func makeDisk() throws(Failure) {
    guard kind.keepsData else { return }
    try DiskImage.create(
      disk, service: kind.rawValue, byteCount: DatabasePlace.Transfer.diskByteCount(kind.rawValue),
      force: true)
  }

  /// Starts it. It is ready once it has said `readyWords`.
  func start(megabytes: Int, more: [String] = []) throws(Failure) -> BenchGuest {
    var manifest = Manifest()
    manifest.taxRates = [.init(country: "DE", basisPoints: 1900)]
    manifest.shippingMethods = [.init(id: "standard", priceMinor: 490)]
    let data = DataFolder(folder)
    let settings = ServiceSettings(
      kind, folder: data, manifest: manifest, secrets: secrets, ports: [:], target: .qemu)
    let module = "\(folder)/\(kind.rawValue).module"
    try Files.write(SettingsModule.render(settings.bytes), to: module, mode: 0o600)
    let machine = VirtualMachine(
      name: kind.rawValue, image: image, module: module, memoryMegabytes: megabytes, accelerator: .tcg,
      disk: kind.keepsData ? disk : nil)
    return try BenchGuest(
      kind.rawValue, machine.arguments + more, address: InnerNetwork.address(kind),
      hardwareAddress: InnerNetwork.hardwareAddress(kind),
      ports: [InnerNetwork.port, InnerNetwork.adminPort],
      folder: folder)
  }
}
