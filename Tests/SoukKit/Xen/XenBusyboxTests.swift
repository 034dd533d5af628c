import Foundation
import Glibc
import Testing

@testable import SoukKit

/// The scripts with nothing but busybox, as a small dom0 has it: its shell, its `ip` on real bridges in a network
/// namespace, its `nc` against a real port. Only `xl` is played.
@Suite struct XenBusyboxTests {
  /// Debian's busybox-static, which `souk test --full` installs; and a kernel that lets us have a namespace.
  private static let isPossible =
    FrontDoor.isCI
    || Files.exists("/bin/busybox") && (try? Captured.run(["unshare", "-rn", "true"]))?.exitCode == 0

  private static let xl = """
    #!/bin/busybox sh
    case $1 in
      domid) [ -e "$STATE/domain-$2" ] ;;
      create) >"$STATE/domain-$(sed -n 's/^name = "\\(.*\\)"$/\\1/p' "$2")" ;;
      shutdown | destroy) rm -f "$STATE/domain-$2" ;;
    esac
    """

  private static let answer = """
    #!/bin/busybox sh
    read -r line
    printf 'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n'
    """

  @Test(.enabled(if: isPossible)) func `busybox alone starts and stops the shop`() throws {
    let dom0 = try FakeDom0()
    let (tools, state) = (dom0.path + "/tools", dom0.path + "/state")
    mkdir(tools, 0o700)
    #expect(try Captured.run(["/bin/busybox", "--install", "-s", tools]).exitCode == 0)
    for (name, text) in [("xl", Self.xl), ("answer", Self.answer)] {
      unlink("\(tools)/\(name)")
      try Files.write(Array((text + "\n").utf8), to: "\(tools)/\(name)", mode: 0o755)
    }
    // The namespace has the addresses of all: in place of domains that have one each.
    let script = """
      export PATH=\(tools) STATE=\(state)
      ip link set lo up
      ip link add name xenbr0 type bridge
      for number in 1 2 3 4; do ip addr add 10.83.0.1$number/32 dev lo; done
      nc -ll -p 80 -e \(tools)/answer &
      nc -ll -p 81 -e \(tools)/answer &
      sh \(dom0.deployment.folder)/up.sh || exit
      echo domains: $(ls \(state) | grep -c ^domain-)
      ip addr show dev soukbr0
      sh \(dom0.deployment.folder)/up.sh || exit
      sh \(dom0.deployment.folder)/down.sh || exit
      echo left: $(ls \(state) | grep -c ^domain-) $(ip link show | grep -c soukbr0)
      """
    try Files.write(Array(script.utf8), to: dom0.path + "/script", mode: 0o600)
    let run = try Captured.run([
      "unshare", "-rnpf", "--kill-child", "/bin/busybox", "sh", dom0.path + "/script",
    ])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.output.contains("domains: 4\n") && run.output.contains("left: 0 0\n"), "\(run.output)")
    #expect(run.output.contains("inet 10.83.0.1/24 ") && run.output.contains("link/ether 02:53:4f:55:4b:ff"))
    #expect(run.output.contains("souk-gateway runs already"))
  }
}
