import Glibc
import MachineTap
import Platform

/// The services' network while a shop runs on our own stack: a namespace, in it a bridge, and one TAP interface for
/// each service.
///
/// The TAP descriptors stay open here while a service's process comes and goes: what arrives meanwhile waits in the
/// interface's queue.
final class TapNetwork {
  let namespace: NetworkNamespace
  /// Each service's end of its TAP interface. Whoever stops a service closes its descriptor.
  private(set) var descriptors: [ServiceKind: Int32] = [:]

  /// Makes it anew, whatever an earlier start left behind.
  init(_ folder: DataFolder, _ version: InternetProtocol) throws(Failure) {
    namespace = NetworkNamespace(folder)
    if namespace.exists { try namespace.remove() }
    try namespace.create()
    do throws(Failure) {
      try namespace.inside(Self.setUpKernel)
      let bridge = InnerNetwork.bridge
      let network =
        switch version {
        case .v4: "\(InnerNetwork.gateway)/\(InnerNetwork.prefixLength) dev \(bridge)"
        // At once, without asking whether somebody else has it: nobody else is there.
        case .v6: "\(InnerNetwork.gateway6)/\(InnerNetwork.prefixLength6) dev \(bridge) nodad"
        }
      try namespace.configure(
        [
          "link set lo up",
          "link add \(bridge) address \(InnerNetwork.bridgeHardwareAddress) type bridge",
        ], through: folder.run + "/net.batch")
      if version == .v6 { try namespace.inside(Self.setUpBridge) }
      try namespace.configure(
        ["address add \(network)", "link set \(bridge) up"], through: folder.run + "/net.batch")
      try openInterfaces()
      try namespace.configure(
        ServiceKind.allCases.map {
          "link set \(InnerNetwork.interface($0)) master \(bridge) up"
        }, through: folder.run + "/net.batch")
    } catch {
      remove()
      throw error
    }
  }

  /// The kernel's side: no IPv6, which would talk unasked, and ports of ended connections come back at once, since
  /// there is one peer and it has timestamps (RFC 6191). A kernel without one of these does without.
  private static func setUpKernel() {
    for (file, value) in [
      ("ipv6/conf/default/disable_ipv6", "1"), ("ipv4/tcp_tw_reuse", "1"),
      ("ipv4/ip_local_port_range", "1024 65535"),
    ] {
      Files.writeAll(Array(value.utf8), toExisting: "/proc/sys/net/\(file)")
    }
  }

  /// The bridge alone has IPv6, and believes no router.
  private static func setUpBridge() {
    for (file, value) in [("accept_ra", "0"), ("disable_ipv6", "0")] {
      Files.writeAll(
        Array(value.utf8), toExisting: "/proc/sys/net/ipv6/conf/\(InnerNetwork.bridge)/\(file)")
    }
  }

  private func openInterfaces() throws(Failure) {
    try namespace.inside { () throws(Failure) in
      for kind in ServiceKind.allCases {
        let name = InnerNetwork.interface(kind)
        do throws(NetworkError) {
          let low = try TapDevice.open(name: name)
          descriptors[kind] = fcntl(low, F_DUPFD_CLOEXEC, Sockets.lowestInherited)
          close(low)
        } catch {
          throw Failure("cannot make the TAP interface \(name): \(String(cString: strerror(errno)))")
        }
      }
    }
  }

  /// Takes the namespace away. What it cannot take away, the next start or `souk down` will.
  func remove() { try? namespace.remove() }
}
