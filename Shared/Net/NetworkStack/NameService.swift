import Platform
import Wire

/// What the stack tells its resolver, which is made for the first name that is looked up. Closures, so that an image
/// whose program connects to addresses only has no resolver in it: nothing else names its functions.
struct NameService {
  /// Asks these servers from now on.
  let use: ([IPv6Address]) -> Void
  /// An ICMP error quotes what a port of ours sent to a server.
  let cannotReach: (IPv6Address, UInt16) -> Void
  /// Queries sent, those without an answer in time, and answers refused.
  let counts: () -> (sent: UInt64, timedOut: UInt64, refused: UInt64)
}

extension NetworkStack {
  /// Asks these DNS servers from now on, and those that routers name; DHCP's and routers' are set by themselves.
  public func useResolvers(_ servers: [IPAddress]) { useNamedResolvers(servers.map { IPv6Address($0) }) }

  /// As `useResolvers`; IPv4 addresses are in their mapped form.
  func useNamedResolvers(_ servers: [IPv6Address]) {
    namedServers = servers
    nameService?.use(chosenServers)
  }

  /// Asks these DNS servers, too: routers name them.
  func useRouterResolvers(_ servers: [IPv6Address]) {
    routerServers = servers
    nameService?.use(chosenServers)
  }

  /// Two servers of those that DHCP or our owner named at most, when routers name some, too.
  var chosenServers: [IPv6Address] {
    let limit = min(namedServers.count, DNSResolver.maximumServerCount - min(routerServers.count, 2))
    var servers: [IPv6Address] = []
    for index in 0..<limit { servers.add(namedServers[index]) }
    for server in routerServers { servers.add(server) }
    return servers
  }
}
