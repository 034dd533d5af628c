import Foundation

/// A Linux to compare with: Debian's cloud kernel and busybox httpd, from packages that are fetched and not installed.
struct DebianGuest {
  /// The kernel alone takes 45 MB of it.
  static let megabytes = 128
  static let readyWords = "serving"

  private let kernel: String
  private let initramfs: String
  private let folder: String

  /// Modules in the order that they need each other.
  private static let modules = [
    "virtio_ring", "virtio", "virtio_mmio", "failover", "net_failover", "virtio_net",
  ]

  /// Fetches the packages and makes an initramfs, all in `folder`.
  init(in folder: String) throws(Failure) {
    self.folder = folder
    initramfs = folder + "/debian.initramfs"
    let script = """
      set -eu
      mkdir -p "$1/debian"; cd "$1/debian"
      package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
      apt-get -q download "$package" busybox-static
      for file in *.deb; do dpkg-deb -x "$file" files; done
      mkdir -p root/bin root/dev root/proc root/sys root/www
      cp files/bin/busybox root/bin/
      for module in \(Self.modules.joined(separator: " ")); do
        cp "$(find files/lib/modules -name "$module.ko")" root/
      done
      echo hello >root/www/index.html
      cat >root/init <<'END'
      #!/bin/busybox sh
      /bin/busybox mount -t devtmpfs none /dev
      for module in \(Self.modules.joined(separator: " ")); do /bin/busybox insmod /$module.ko; done
      /bin/busybox ip addr add \(Self.address)/\(InnerNetwork.prefixLength) dev eth0
      /bin/busybox ip link set eth0 up
      /bin/busybox httpd -p \(InnerNetwork.port) -h /www
      echo \(Self.readyWords)
      exec /bin/busybox sleep 1000000
      END
      chmod +x root/init
      (cd root && find . | bin/busybox cpio -o -H newc) | gzip -1 >"$1/debian.initramfs"
      mv files/boot/vmlinuz-* "$1/debian.kernel"
      """
    kernel = folder + "/debian.kernel"
    let answer = try Captured.run(["sh", "-c", script, "sh", folder])
    guard answer.exitCode == 0 else {
      throw Failure("its packages do not come: \(answer.output.split(separator: "\n").last ?? "")")
    }
  }

  private static let address = "10.83.0.11"

  func start(_ name: String) throws(Failure) -> BenchGuest {
    // The same machine as ours, but with the tables that Linux finds its devices by. Without a PIT, which such a
    // machine does not have, it must be told the rate of its counter: the translator's is the host's.
    let kilohertz = Int(BenchMachine.megahertz * 1000)
    let words = [
      "-M", "microvm,acpi=on,pit=off,pic=off,rtc=on,isa-serial=on", "-m", String(Self.megabytes),
      "-accel", "tcg,tb-size=\(VirtualMachine.translationMegabytes)", "-cpu", "qemu64,+rdrand",
      "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-chardev",
      "stdio,id=console,signal=off",
      "-serial", "chardev:console", "-global", "virtio-mmio.force-legacy=off", "-kernel", kernel, "-initrd",
      initramfs, "-append", "console=ttyS0 quiet tsc=reliable tsc_early_khz=\(kilohertz)",
    ]
    return try BenchGuest(
      name, words, address: Self.address, hardwareAddress: "02:53:4f:55:4b:0b", ports: [InnerNetwork.port],
      folder: folder)
  }
}
