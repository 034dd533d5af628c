import Glibc

/// The shop on our own TCP/IP: its network, and who leads connections into it.
extension Supervisor {
  /// Makes the services' network, and takes one away that a killed supervisor left behind.
  func prepareNetwork() throws(Failure) {
    if configuration.network == .tap {
      tap = try TapNetwork(folder, configuration.version)
    } else {
      NetworkNamespace(folder).removeLeftover()
    }
  }

  /// Whether services' sockets on this machine are served by somebody who leads to them.
  var isForwarded: Bool { tap != nil || configuration.machines != nil }

  /// What the service inherits: its listening sockets, or its end of the TAP interface instead; a machine nothing.
  func inherited(_ kind: ServiceKind, _ sockets: [Int32]) -> [(from: Int32, to: Int32)] {
    if configuration.machines != nil { return [] }
    if let descriptor = tap?.descriptors[kind] { return [(descriptor, ServiceSettings.tapDescriptor)] }
    return Array(zip(sockets, [ServiceSettings.listenDescriptor, ServiceSettings.adminDescriptor]))
  }

  /// Starts the forwarder before any service: their readiness is asked through it. Nothing on Linux's TCP/IP.
  func startForwarder(_ sockets: [ServiceKind: Int32], admin: Int32) throws(Failure) {
    guard isForwarded else { return }
    var doors = ServiceKind.allCases.map {
      ForwarderSettings.Door(
        name: $0.rawValue, descriptor: sockets[$0]!,
        endpoint: InnerNetwork.endpoint($0, configuration.version))
    }
    doors.append(
      .init(
        name: "gateway-admin", descriptor: admin,
        endpoint: InnerNetwork.adminEndpoint(.gateway, configuration.version)))
    let bytes: [UInt8]
    if let tap {
      bytes = ForwarderSettings(namespace: tap.namespace, doors: doors).bytes
    } else {
      let ports = configuration.machines?.ports(folder, configuration.version) ?? []
      bytes = SwitchSettings(ports: ports, doors: doors, place: .inside(configuration.version)).bytes
    }
    try Files.write(bytes, to: folder.forwarderSettings, mode: 0o600)
    let command = tap == nil ? "switch" : "forward"
    let forwarder = ForwarderProcess(
      command, settings: folder.forwarderSettings, descriptors: ForwarderSettings.descriptors(doors),
      loop: loop,
      events: .init(
        line: { [unowned self] in tell(String(decoding: $0, as: UTF8.self)) },
        died: { [unowned self] ending, delay in
          saveState()
          tell(
            "the \(tap == nil ? "switch" : "forwarder") \(ending.description); starting it again in \(delay) ms"
          )
        },
        stopped: { [unowned self] in stopNext() }))
    try forwarder.start()
    self.forwarder = forwarder
  }
}

extension NetworkNamespace {
  /// Takes it away if it is there. Only for whoever holds the shop's lock. Says whether it is gone.
  @discardableResult
  func removeLeftover() -> Bool { !exists || (try? remove()) != nil }
}
