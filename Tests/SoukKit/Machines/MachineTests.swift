import Glibc
import MachineSettings
import Testing

@testable import SoukKit

@Suite struct VirtualMachineTests {
  private func machine(_ folder: String = "/x", debug: Bool = false) -> VirtualMachine {
    MachinePlan(accelerator: .tcg, debug: debug ? .catalog : nil, images: "/images")
      .machine(.catalog, DataFolder(folder))
  }

  /// What follows `option`, each time it stands there.
  private func values(_ option: String, _ machine: VirtualMachine) -> [String] {
    zip(machine.arguments, machine.arguments.dropFirst()).filter { $0.0 == option }.map(\.1)
  }

  @Test func `a machine has its image, its module, its network and a disk that flushes to the host`() {
    let machine = machine()
    #expect(values("-kernel", machine) == ["/images/catalog.elf"])
    #expect(values("-initrd", machine) == ["/x/run/catalog.module"])
    #expect(
      values("-netdev", machine).first?.hasSuffix("server=on,addr.type=unix,addr.path=/x/run/catalog.net")
        ?? false)
    #expect(values("-device", machine).contains("virtio-net-device,netdev=network,mac=02:53:4f:55:4b:01"))
    #expect(values("-blockdev", machine).first?.contains("cache.no-flush=off") ?? false)
    #expect(values("-m", machine) == ["64"])
    #expect(!machine.arguments.contains("-S") && !machine.arguments.contains("-append"))
  }

  @Test func `a comma in a path is not the end of an option`() {
    let machine = machine("/a,b")
    #expect(values("-netdev", machine).first?.hasSuffix("addr.path=/a,,b/run/catalog.net") ?? false)
    #expect(values("-blockdev", machine).first?.contains("filename=/a,,b/databases/catalog.disk,") ?? false)
    // These are no lists of options.
    #expect(values("-initrd", machine) == ["/a,b/run/catalog.module"])
  }

  @Test func `a debugged machine waits, and the line says where`() {
    let machine = machine(debug: true)
    #expect(machine.arguments.contains("-S"))
    #expect(values("-chardev", machine).contains { $0.contains("path=/x/run/catalog.gdb") })
    let line = MachinePlan(accelerator: .tcg, images: "/images").attachLine(.catalog, DataFolder("/x"))
    #expect(line == "gdb -ex 'target remote /x/run/catalog.gdb' /images/catalog.debug")
  }

  @Test func `the gateway has no disk`() {
    let machine = MachinePlan(accelerator: .tcg).machine(.gateway, DataFolder("/x"))
    #expect(values("-blockdev", machine) == [])
  }

  @Test func `a folder too deep for sockets is refused in one line`() throws {
    var template = Array("/tmp/souk-images-XXXXXX".utf8CString)
    mkdtemp(&template)
    let images = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let plan = MachinePlan(accelerator: .tcg, images: images)
    let deep = DataFolder("/" + String(repeating: "d", count: 90))
    #expect(plan.obstacle(deep)?.contains("souk build --target qemu") ?? false)
    for kind in ServiceKind.allCases { try Files.write([], to: plan.image(kind), mode: 0o600) }
    #expect(plan.obstacle(deep)?.contains("--data") ?? false)
    #expect(plan.obstacle(DataFolder("/x")) == nil)
  }

  @Test func `no QEMU is an obstacle with a remedy`() {
    #expect(VirtualMachine.obstacle(path: "/nowhere")?.contains("apt-get install") ?? false)
    #expect(VirtualMachine.obstacle(path: "") != nil)
  }
}

@Suite struct AcceleratorTests {
  @Test func `auto takes KVM only where an image boots, and says why not`() throws {
    #expect(try Accelerator.choose(.auto, device: "/dev/null") { true } == (.kvm, nil))
    let broken = try Accelerator.choose(.auto, device: "/dev/null") { false }
    #expect(broken.accelerator == .tcg && broken.reason?.contains("does not run") ?? false)
    let missing = try Accelerator.choose(.auto, device: "/nowhere") { true }
    #expect(missing.accelerator == .tcg && missing.reason?.contains("no /nowhere") ?? false)
  }

  @Test func `tcg asks nobody, kvm insists`() throws {
    var asked = false
    #expect(
      try Accelerator.choose(.tcg, device: "/dev/null") {
        asked = true
        return true
      } == (.tcg, nil))
    #expect(!asked)
    #expect(throws: Failure.self) { try Accelerator.choose(.kvm, device: "/dev/null") { false } }
    #expect(throws: Failure.self) { try Accelerator.choose(.kvm, device: "/nowhere") { true } }
  }
}

@Suite struct ImageExitTests {
  @Test func `an image's own words are told from QEMU's and the kernel's`() {
    #expect(ImageExit(.exited(33)) == .done)
    #expect(ImageExit.words(.exited(35)) == "trapped")
    #expect(ImageExit.words(.exited(47)) == "lost a device")
    #expect(ImageExit.words(.exited(1)) == "was refused by QEMU")
    #expect(ImageExit.words(.exited(2)).hasPrefix("lost its QEMU"))
    #expect(ImageExit.words(.killed(signal: 9)).hasPrefix("lost its QEMU"))
  }

  @Test func `what would only happen again is not restarted`() {
    let final = [33, 35, 37, 39, 41, 43, 45, 47, 1, 2].map(Int32.init).filter {
      ImageExit.needsAPerson(.exited($0))
    }
    #expect(final == [43, 45, 1])
    #expect(!ImageExit.needsAPerson(.killed(signal: 9)))
  }
}

@Suite struct ImageSettingsTests {
  @Test func `a machine is told its place on the network and its disk, and nothing of this machine`() throws {
    let secrets = Secrets(internal: "i", cookie: "c", adminToken: "a")
    let manifest = try Manifest.parse(ManifestTests.whole, file: "shop.yaml")
    let settings = ServiceSettings(
      .checkout, folder: DataFolder("/x"), manifest: manifest, secrets: secrets, ports: [:], target: .qemu)
    #expect(settings["net.address"] == "10.83.0.13/24")
    #expect(settings["listen.address"] == "10.83.0.13" && settings["listen.port"] == "80")
    #expect(settings["peer.cart"] == "10.83.0.12:80")
    #expect(settings["database.disk"] == "virtio" && settings["database.path"] == nil)
    for key in ["supervised", "listen.fd", "net.tap.fd", "net.mac"] { #expect(settings[key] == nil) }
    #expect(!String(decoding: settings.bytes, as: UTF8.self).contains("/x"))
    let module = SettingsModule.render(settings.bytes)
    #expect(try SettingsModule.parse(module.span.bytes)["secret.internal"] == "i")
  }
}

@Suite struct BacktraceTests {
  private func trace(_ lines: [String]) -> [String] {
    var trace = Backtrace()
    for line in lines { trace.take(Array(line.utf8)) }
    return trace.addresses
  }

  @Test func `the addresses behind the word are picked out, and nothing else`() {
    let lines = [
      "trap: null pointer", "  at 0x0000000000000001", "backtrace:", "  at 0x0000000000104729",
      "  at 0x00000000001000b4\r", "level=info at 0x12",
    ]
    #expect(trace(lines) == ["0x0000000000104729", "0x00000000001000b4"])
    #expect(trace(["backtrace:", "  at 0x1", "backtrace:", "  at 0x2"]) == ["0x2"])
    #expect(trace(["backtrace:", "  at $(reboot)", "  at 0x2"]) == [])
  }

  @Test func `an endless backtrace is cut`() {
    let lines = ["backtrace:"] + Array(repeating: "  at 0x1", count: 1000)
    #expect(trace(lines).count == Backtrace.maximumAddressCount)
  }
}
