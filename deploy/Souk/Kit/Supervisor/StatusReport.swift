import Foundation

/// A running shop as a table, or as JSON.
struct StatusReport {
  let folder: DataFolder
  let state: ShopState
  /// By service, where somebody asked: ready, or why not.
  let ready: [String: ReadinessProbe.Answer]
  /// What Xen said, where the services are its domains.
  var domains: DomainList?

  struct Row: Encodable {
    var service: String
    var pid: Int32?
    /// Xen's name and number for it.
    var domain: String?
    var domainIdentifier: Int?
    var address: String
    var adminAddress: String?
    var state: String
    var restarts: Int
    var lastEnding: String?
    var memoryByteCount: Int?
    var database: String?
    var databaseByteCount: Int?
    /// What the guest has, when it is a virtual machine; `memoryByteCount` is QEMU's, guest included.
    var machineByteCount: Int?
  }

  struct Document: Encodable {
    var running = true
    var phase: String
    var target: String
    var url: String
    var supervisor: Int32
    /// Whose TCP/IP serves.
    var stack: String
    /// The network namespace of the services, where they have one.
    var namespace: String?
    var startedAt: String
    var data: String
    var adminTokenFile: String
    var memoryByteCount: Int
    var services: [Row]
  }

  var rows: [Row] {
    state.services.map { service in
      let domain = service.domain.flatMap { domains?[$0] }
      return Row(
        service: service.name, pid: service.process?.pid, domain: service.domain,
        domainIdentifier: domain?.identifier, address: state.internetProtocol.loopbackAuthority(service.port),
        adminAddress: service.adminPort.map(state.internetProtocol.loopbackAuthority),
        state: stateOf(service),
        restarts: service.restarts, lastEnding: service.lastEnding,
        memoryByteCount: domain.map { $0.megabytes << 20 } ?? service.process?.memoryByteCount,
        database: service.database,
        databaseByteCount: service.database.flatMap {
          Files.byteCount($0).map { $0 + (Files.byteCount(service.database! + "-wal") ?? 0) }
        }, machineByteCount: service.machineByteCount)
    }
  }

  var isHealthy: Bool { state.phase == .running && rows.allSatisfy { $0.state == "ready" } }

  private func stateOf(_ service: ShopState.Service) -> String {
    if let domain = service.domain {
      // Without an answer of dom0's, the services' own answers count.
      if let domains, domains[domain] == nil { return "down" }
    } else {
      guard let process = service.process, process.isAlive else { return "down" }
    }
    return switch ready[service.name] {
    case .ready: "ready"
    case .unready(let reason): "not ready: \(reason.prefix(60))"
    case .silent: "silent"
    case nil: state.phase == .running ? "ready" : state.phase.rawValue
    }
  }

  func text(_ console: Console) -> String {
    if state.machine != nil { return textOfDomains(console) }
    let rows = rows
    var table = [["SERVICE", "PID", "ADDRESS", "STATE", "MEMORY"]]
    let areMachines = state.target?.isImages ?? false
    if areMachines { table[0].append("OF A VM OF") }
    table[0].append("DATABASE")
    for row in rows {
      let database = row.database.map { "\(Files.shown($0)) (\(Console.megabytes(row.databaseByteCount)))" }
      var cells = [
        row.service, row.pid.map(String.init) ?? "-", row.address,
        row.restarts == 0 ? row.state : "\(row.state), restarted \(row.restarts)×",
        Console.megabytes(row.memoryByteCount),
      ]
      if areMachines { cells.append(row.machineByteCount.map { "\($0 >> 20) MiB" } ?? "-") }
      table.append(cells + [database ?? "-"])
    }
    let total = Console.megabytes(rows.compactMap(\.memoryByteCount).reduce(0, +))
    var lines = Console.table(table, rightAligned: areMachines ? [1, 4, 5] : [1, 4]).split(separator: "\n")
      .map(String.init)
    lines[0] = console.bold(lines[0])
    lines += [
      "",
      "storefront   \(console.bold(state.url))",
      "admin token  \(Files.shown(folder.adminTokenFile))",
      "stack        \(state.stack)\(state.namespace.map { " (`ip netns exec \($0)` enters its network)" } ?? "")",
      "memory       \(total) (proportional set size of the four \(areMachines ? "QEMUs" : "services"))",
    ]
    return lines.joined(separator: "\n")
  }

  func json() throws(Failure) -> String {
    let rows = rows
    return try StatusReport.encode(
      Document(
        phase: state.phase.rawValue, target: (state.target ?? .process).rawValue, url: state.url,
        supervisor: state.supervisor.pid,
        stack: state.stack, namespace: state.namespace,
        startedAt: state.startedAt, data: folder.path, adminTokenFile: folder.adminTokenFile,
        memoryByteCount: rows.compactMap(\.memoryByteCount).reduce(0, +), services: rows))
  }

  static func encode(_ value: some Encodable) throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { throw Failure("the answer cannot be written as JSON") }
    return String(decoding: data, as: UTF8.self)
  }

  /// RFC 3339 in UTC, with milliseconds.
  static func time(_ date: Date) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// Asks every service that runs, all at once.
  static func probe(_ state: ShopState, within milliseconds: Int) -> [String: ReadinessProbe.Answer] {
    let loop = PollLoop()
    var answers: [String: ReadinessProbe.Answer] = [:]
    let asked = state.services.filter { $0.domain != nil || $0.process?.isAlive ?? false }
    let probes = asked.map { service in
      ReadinessProbe(
        loop: loop, port: service.adminPort ?? service.port, version: state.internetProtocol,
        within: milliseconds
      ) {
        answers[service.name] = $0
      }
    }
    loop.run { answers.count == probes.count }
    return answers
  }
}
