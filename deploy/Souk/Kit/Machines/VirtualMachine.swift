// qemu-system-x86_64(1) of QEMU 7.2 before changing this file.
import Foundation
import Glibc

/// A microVM of QEMU's: what stands on its command line. Nothing secret does.
struct VirtualMachine {
  static let program = "qemu-system-x86_64"
  /// Translated code of TCG; QEMU would take an eighth of the host's memory.
  static let translationMegabytes = 32

  /// `catalog`.
  var name: String
  /// The ELF file to boot.
  var image: String
  /// The boot module.
  var module: String
  /// Of the guest.
  var memoryMegabytes: Int
  var accelerator: Accelerator
  /// Where the network backend listens for the switch, and the address of the machine's interface.
  var network: (socket: String, hardwareAddress: String)?
  /// A raw disk image.
  var disk: String?
  /// Where QEMU listens for a debugger; the machine then waits for its word to start.
  var debugSocket: String?

  /// The console is standard input and output, and the machine ends with QEMU's exit status (`ImageExit`).
  var arguments: [String] {
    var words = [
      "-name", "souk-\(Self.value(name))",
      "-M", "microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on",
      "-m", String(memoryMegabytes),
    ]
    switch accelerator {
    case .tcg: words += ["-accel", "tcg,tb-size=\(Self.translationMegabytes)", "-cpu", "qemu64,+rdrand"]
    case .kvm: words += ["-accel", "kvm", "-cpu", "host,migratable=off"]
    }
    words += [
      "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
      "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
      "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-global", "virtio-mmio.force-legacy=off",
      "-object", "rng-builtin,id=entropy", "-device", "virtio-rng-device,rng=entropy",
      "-kernel", image, "-initrd", module,
    ]
    if let network {
      words += [
        "-netdev", "stream,id=network,server=on,addr.type=unix,addr.path=\(Self.value(network.socket))",
        "-device", "virtio-net-device,netdev=network,mac=\(network.hardwareAddress)",
      ]
    }
    if let disk {
      // The host's page cache, and every flush of the guest's an fsync of the host's.
      words += [
        "-blockdev",
        "driver=file,node-name=file,filename=\(Self.value(disk)),cache.direct=off,cache.no-flush=off",
        "-blockdev", "driver=raw,node-name=disk,file=file",
        "-device", "virtio-blk-device,drive=disk",
      ]
    }
    if let debugSocket {
      words += [
        "-chardev", "socket,id=gdb,path=\(Self.value(debugSocket)),server=on,wait=off", "-gdb", "chardev:gdb",
        "-S",
      ]
    }
    return words
  }

  /// The line that attaches a debugger.
  static func attachLine(debugSocket: String, symbols: String) -> String {
    "gdb -ex 'target remote \(debugSocket)' \(symbols)"
  }

  /// QEMU's option parser takes a comma for the end of a value, unless it stands twice.
  private static func value(_ text: String) -> String {
    text.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }

  /// Why this machine cannot run any; nil when it can.
  static func obstacle(path: String? = ProcessInfo.processInfo.environment["PATH"]) -> String? {
    for folder in (path ?? "").split(separator: ":") where access("\(folder)/\(program)", X_OK) == 0 {
      return nil
    }
    return "there is no \(program): `apt-get install --no-install-recommends qemu-system-x86` brings it"
  }
}
