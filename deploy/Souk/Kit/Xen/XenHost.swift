import Foundation
import Glibc

/// The Xen under this Linux.
struct XenHost {
  /// Says `control_d` where this Linux rules the others.
  var capabilities = "/proc/xen/capabilities"
  /// Where `xl` is looked for.
  var path = ProcessInfo.processInfo.environment["PATH", default: ""] + ":/usr/sbin"
  /// For what is started, besides `path`.
  var environment: [String: String] = [:]
  var user = geteuid()

  /// Why this is no place for domains; nil when it is one.
  var obstacle: String? {
    guard Files.text(capabilities)?.contains("control_d") ?? false else {
      return
        "this is not the dom0 of a Xen host: try `souk lab`, which boots the shop on real Xen inside QEMU, or "
        + "write what a Xen host needs with `souk deploy --target xen --out DIR`"
    }
    guard path.split(separator: ":").contains(where: { access("\($0)/xl", X_OK) == 0 }) else {
      return "there is no xl: Debian's xen-utils brings it"
    }
    guard user == 0 else { return "only root may make domains: `sudo env \"PATH=$PATH\" ./souk …`" }
    return nil
  }

  /// Runs a program in the terminal's group, so that a Ctrl-C reaches it. Its exit code.
  func run(_ words: [String]) throws(Failure) -> Int32 {
    var spawn = Spawn(executable: "/usr/bin/env", arguments: words)
    spawn.environment = environment.merging(["PATH": path]) { _, new in new }
    spawn.isolation = .none
    return try spawn.run()
  }

  func runs(_ domain: String) -> Bool {
    (try? run(["sh", "-c", "xl domid \"$1\" >/dev/null 2>&1", "sh", domain])) == 0
  }
}
