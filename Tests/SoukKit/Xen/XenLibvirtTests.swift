import Foundation
import Glibc
import Testing

@testable import SoukKit

@Suite struct XenLibvirtTests {
  /// Debian's libvirt0 and libxml2-utils; `souk test --full` installs both.
  private static let schema = "/usr/share/libvirt/schemas/domain.rng"
  private static let canValidate =
    FrontDoor.isCI || Files.exists(schema) && Files.exists("/usr/bin/xmllint")

  private func validate(_ text: String) throws -> (exitCode: Int32, output: String) {
    var template = Array("/tmp/souk-libvirt-XXXXXX".utf8CString)
    mkdtemp(&template)
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Files.write(Array(text.utf8), to: folder + "/domain.xml", mode: 0o600)
    return try Captured.run([
      "xmllint", "--noout", "--nonet", "--relaxng", Self.schema, folder + "/domain.xml",
    ])
  }

  @Test(.enabled(if: canValidate), arguments: ServiceKind.allCases)
  func `libvirt's own schema holds for each domain`(_ kind: ServiceKind) throws {
    let plan = try XenSample.plan()
    for place in ["/srv/souk", "/srv/Tom & Jerry's <\"shop\">"] {
      let answer = try validate(plan.domain(kind, in: place).libvirt)
      #expect(answer.exitCode == 0, "\(answer.output)")
    }
    let onDevice = plan.domain(kind, in: "/srv/souk", disk: "/dev/vg/cart").libvirt
    #expect(onDevice.contains("<source dev='/dev/vg/cart'/>") == kind.keepsData)
    #expect(try validate(onDevice).exitCode == 0)
  }

  @Test(.enabled(if: canValidate)) func `the schema would find a mistake`() throws {
    let text = try XenSample.plan().domain(.cart, in: "/srv/souk").libvirt
    for (right, wrong) in [
      ("xenpvh</type>", "pvh</type>"), ("/srv/souk/cart.elf", "cart.elf"), ("native", "fast"),
    ] {
      #expect(try validate(text.replacingOccurrences(of: right, with: wrong)).exitCode != 0)
    }
  }

  @Test func `libvirt's text says the same as xl's`() throws {
    let domain = try XenSample.plan("xen: {outside: {mac: \"00:16:3e:aa:bb:cc\"}}").domain(
      .cart, in: "/srv/souk")
    #expect(
      domain.libvirt == """
        <domain type='xen'>
          <name>souk-cart</name>
          <memory unit='MiB'>32</memory>
          <vcpu>1</vcpu>
          <os>
            <type arch='x86_64' machine='xenpvh'>xenpvh</type>
            <kernel>/srv/souk/cart.elf</kernel>
            <initrd>/srv/souk/cart.module</initrd>
            <cmdline></cmdline>
          </os>
          <clock offset='utc'>
            <timer name='tsc' present='yes' mode='native'/>
          </clock>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type='file' device='disk'>
              <driver name='phy' type='raw'/>
              <source file='/srv/souk/cart.disk'/>
              <target dev='xvda' bus='xen'/>
            </disk>
            <interface type='bridge'>
              <mac address='00:16:3e:53:4f:02'/>
              <source bridge='soukbr0'/>
            </interface>
            <console type='pty'>
              <target type='xen' port='0'/>
            </console>
          </devices>
        </domain>

        """)
  }
}
