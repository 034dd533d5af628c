/// What the folder tells its scripts, and its reader.
extension XenDeployment {
  /// The shell variables that up.sh and down.sh read.
  var conf: String {
    let xen = plan.manifest.xen
    let inside = SwitchSettings.Place.inside(plan.version)
    var lines = [
      "# Made by `souk deploy`, for up.sh and down.sh.",
      "prefix='\(xen.prefix)'",
      "inside_bridge='\(xen.insideBridge)'",
      "inside_mac='\(InnerNetwork.bridgeHardwareAddress)'",
      "inside_address='\(inside.address)/\(inside.prefixLength)'",
      "outside_bridge='\(xen.outside.bridge)'",
      "outside_address='\(outsideText)'",
      "services='\(ServiceKind.list.split(separator: ",").joined())'",
      "currency='\(plan.manifest.currency)'",
      "disk_options='\(XenDomain.diskOptions)'",
    ]
    for kind in ServiceKind.allCases {
      let port = kind == .gateway ? InnerNetwork.adminPort : InnerNetwork.port
      lines.append("ready_\(kind.rawValue)='\(InnerNetwork.address(kind, plan.version)) \(port)'")
      if kind.keepsData {
        lines.append("disk_\(kind.rawValue)='\(elsewhere?(kind) ?? XenPlan.disk(kind))'")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var outsideText: String {
    let outside = plan.manifest.xen.outside
    return outside.address.map { "\($0.address)" } ?? "by DHCP for \(plan.outsideHardwareAddress)"
  }

  var readme: String {
    let xen = plan.manifest.xen
    let names = ServiceKind.allCases.map { xen.domain($0) }.joined(separator: ", ")
    return """
      This folder is a webshop as four Xen PVH domains: \(names).
      Copy it to dom0 as a whole (it holds secrets: keep it yours), and there, as root:

        ./up.sh             start what does not run, each when those it needs are ready
        ./up.sh catalog     start one anew
        ./down.sh           stop all, the gateway first; ./down.sh cart stops one
        xl console \(xen.domain(.gateway))   what a service says (Ctrl-] leaves); with XENCONSOLED_ARGS=--log=guest
                                in Debian's /etc/default/xen it also stands in /var/log/xen/console

      It needs the bridge \(xen.outside.bridge), which leads outside; only the gateway is on it. The bridge
      \(xen.insideBridge), without a way out, is made by up.sh. If a service does not get ready, up.sh undoes what it did.
      One dom0 runs one shop: its network inside is always \(InnerNetwork.network).

      In this folder, `xl create catalog.cfg` works by hand. \(handNote)
      catalog.xml and so on are the same for libvirt: `virsh create catalog.xml`. The paths in them begin with
      \(place ?? folder).

      The databases are on the disks; only they change. `souk deploy` again replaces everything else, also one service
      alone with --only. SHA256SUMS tells which images these are. To bring a shop's database along, before the first
      start: souk disk import .souk/databases/catalog.sqlite catalog.disk

      """
  }

  private var handNote: String {
    place == nil
      ? "A domain made so, and not by up.sh, is not\nrestarted after a crash: its paths are relative (souk deploy --path-on-dom0 DIR writes others)."
      : "(Its paths begin with \(place ?? "").)"
  }
}
