import Foundation
import MachineSettings
import Testing

@testable import SoukKit

extension EndToEnd {
  /// What an operator gets wrong: an image says so in one line on its console, and ends so that nobody starts it again.
  @Suite(.enabled(if: TestShop.machinesArePossible, "needs QEMU and the images: ./souk build --target qemu"))
  struct ImageMistakes {
    /// The settings of a cart, without anybody beside it.
    private static let settings = [
      "service=cart", "database.disk=virtio", "net.address=10.83.0.12/24", "listen.address=10.83.0.12",
      "listen.port=80", "secret.internal=\(String(repeating: "a", count: 43))",
      "secret.admin=\(String(repeating: "b", count: 43))", "peer.catalog=10.83.0.11:80", "shop.name=Souk",
      "shop.currency=EUR", "shop.taxIncluded=false", "shop.tax.DE=1900", "shop.shipping.standard=490",
    ]

    private static func module(_ settings: [String]) -> [UInt8] {
      SettingsModule.render(settings.flatMap { Array("\($0)\n".utf8) })
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func disk(of service: String) throws -> String {
      let path = folder.path + "/disk"
      try DiskImage.create(path, service: service, byteCount: 4 << 20, force: true)
      return path
    }

    /// Boots the cart's image and returns how it ended, and its console.
    private func boot(
      _ module: [UInt8] = Self.module(Self.settings), disk: String?, hasNetwork: Bool = true,
      _ change: (inout [String]) -> Void = { _ in }
    ) throws -> (exit: ImageExit?, console: String) {
      let plan = MachinePlan(accelerator: .tcg)
      try Files.write(module, to: folder.path + "/module", mode: 0o600)
      let machine = VirtualMachine(
        name: "cart", image: plan.image(.cart), module: folder.path + "/module", memoryMegabytes: 32,
        accelerator: .tcg,
        network: hasNetwork ? (folder.path + "/network", InnerNetwork.hardwareAddress(.cart)) : nil,
        disk: disk)
      var arguments = machine.arguments
      change(&arguments)
      // Far more than any of these takes; who is still there then has not seen the mistake.
      var spawn = Spawn(
        executable: "/usr/bin/timeout", arguments: ["30", VirtualMachine.program] + arguments)
      let console = open(folder.path + "/console", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      let high = fcntl(console, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
      defer { for descriptor in [console, high] { close(descriptor) } }
      spawn.descriptors = [(high, 1), (high, 2)]
      let code = try spawn.run()
      return (ImageExit(rawValue: code), Files.text(folder.path + "/console") ?? "")
    }

    private func expect(
      _ words: String, _ ending: (exit: ImageExit?, console: String),
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      #expect(ending.exit == .configuration, "\(ending.console)", sourceLocation: sourceLocation)
      let lines = ending.console.split(separator: "\n").filter { $0.hasPrefix("cart: ") }
      #expect(
        lines.count == 1 && lines[0].contains(words), "\(ending.console)", sourceLocation: sourceLocation)
    }

    @Test func `settings that are missing, damaged or another service's are refused`() throws {
      let disk = try disk(of: "cart")
      expect(
        "no boot module",
        try boot(disk: disk) { words in
          let index = words.firstIndex(of: "-initrd")!
          words.removeSubrange(index...index + 1)
        })
      var damaged = Self.module(Self.settings)
      damaged[damaged.count - 5] ^= 0x20
      expect("damaged", try boot(damaged, disk: disk))
      let other = ["service=catalog"] + Self.settings.dropFirst()
      expect("has the settings of catalog, this image is cart", try boot(Self.module(other), disk: disk))
      expect("net.address", try boot(Self.module(Self.settings.filter { !$0.hasPrefix("net.") }), disk: disk))
    }

    @Test func `a word on the command line that nobody knows is refused`() throws {
      expect("root=/dev/vda", try boot(disk: try disk(of: "cart")) { $0 += ["-append", "root=/dev/vda"] })
    }

    @Test func `no network and no disk are named`() throws {
      expect("no network device", try boot(disk: try disk(of: "cart"), hasNetwork: false))
      expect("no disk", try boot(disk: nil))
    }

    @Test func `a disk that is blank, another service's or torn is refused, and left as it was`() throws {
      var path = try disk(of: "catalog")
      expect("belongs to catalog, not to cart", try boot(disk: path))
      path = try disk(of: "cart")
      let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      for offset in [0, 128 << 10] as [UInt64] {
        try handle.seek(toOffset: offset + 100)
        try handle.write(contentsOf: [0xff, 0xff])
      }
      let torn = Files.read(path)
      expect("superblock are damaged", try boot(disk: path))
      #expect(Files.read(path) == torn)
      try handle.truncate(atOffset: 0)
      try handle.truncate(atOffset: 4 << 20)
      expect("The disk is blank", try boot(disk: path))
    }

    @Test func `a processor without a random generator is refused`() throws {
      let ending = try boot(disk: try disk(of: "cart")) { words in
        words[words.firstIndex(of: "qemu64,+rdrand")!] = "qemu64"
      }
      #expect(ending.exit == .unfitMachine && ending.console.contains("no RDRAND"), "\(ending.console)")
    }
  }
}
