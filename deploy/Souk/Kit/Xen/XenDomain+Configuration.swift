// xl.cfg(5), xl-disk-configuration(5) and xl-network-configuration(5) of Xen 4.17 before changing this file.

extension XenDomain {
  /// The domain as `xl create` takes it.
  ///
  /// The command line stays empty: everybody on the host can read it, and settings come in the boot module. The
  /// time stamp counter is the processor's own: it would otherwise trap into Xen, some thousand cycles a reading.
  var configuration: String {
    var lines = [
      "name = \(Self.quoted(name))",
      "type = \"pvh\"",
      "kernel = \(Self.quoted(kernel))",
      "ramdisk = \(Self.quoted(module))",
      "cmdline = \"\"",
      "memory = \(memoryMegabytes)",
      "vcpus = \(Self.processorCount)",
      "tsc_mode = \"native\"",
      "on_poweroff = \"\(Self.whenPoweredOff)\"",
      "on_reboot = \"\(Self.whenRebooted)\"",
      "on_crash = \"\(Self.whenCrashed)\"",
    ]
    let interfaces = interfaces.map { Self.quoted("mac=\($0.hardwareAddress),bridge=\($0.bridge)") }
    lines.append("vif = [ \(interfaces.joined(separator: ", ")) ]")
    if let disk { lines.append("disk = [ \(Self.quoted(Self.diskOptions + disk)) ]") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A text in quotation marks. xl knows escapes only of bytes, and takes everything but these as it is.
  private static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
