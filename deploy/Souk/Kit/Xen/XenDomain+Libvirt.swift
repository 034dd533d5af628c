// https://libvirt.org/formatdomain.html and libvirt's domaincommon.rng (9.0) before changing this file.

extension XenDomain {
  /// The same domain as `virsh define` takes it. Its paths must begin at the root.
  var libvirt: String {
    var lines = [
      "<domain type='xen'>",
      "  <name>\(Self.escaped(name))</name>",
      "  <memory unit='MiB'>\(memoryMegabytes)</memory>",
      "  <vcpu>\(Self.processorCount)</vcpu>",
      "  <os>",
      "    <type arch='x86_64' machine='xenpvh'>xenpvh</type>",
      "    <kernel>\(Self.escaped(kernel))</kernel>",
      "    <initrd>\(Self.escaped(module))</initrd>",
      "    <cmdline></cmdline>",
      "  </os>",
      "  <clock offset='utc'>",
      "    <timer name='tsc' present='yes' mode='native'/>",
      "  </clock>",
      "  <on_poweroff>\(Self.whenPoweredOff)</on_poweroff>",
      "  <on_reboot>\(Self.whenRebooted)</on_reboot>",
      "  <on_crash>\(Self.whenCrashed)</on_crash>",
      "  <devices>",
    ]
    if let disk {
      let (kind, source) = disk.hasPrefix("/dev/") ? ("block", "dev") : ("file", "file")
      lines += [
        "    <disk type='\(kind)' device='disk'>",
        "      <driver name='phy' type='raw'/>",
        "      <source \(source)='\(Self.escaped(disk))'/>",
        "      <target dev='\(Self.diskName)' bus='xen'/>",
        "    </disk>",
      ]
    }
    for interface in interfaces {
      lines += [
        "    <interface type='bridge'>",
        "      <mac address='\(interface.hardwareAddress)'/>",
        "      <source bridge='\(Self.escaped(interface.bridge))'/>",
        "    </interface>",
      ]
    }
    lines += [
      "    <console type='pty'>",
      "      <target type='xen' port='0'/>",
      "    </console>",
      "  </devices>",
      "</domain>",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "'": escaped += "&apos;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
