/// A shop of domains as a table.
extension StatusReport {
  /// One row of it for each domain: what Xen says, and whether the service answers.
  func textOfDomains(_ console: Console) -> String {
    var table = [["SERVICE", "DOMAIN", "ID", "MEMORY", "VCPU TIME", "DOMAIN IS", "STATE", "DATABASE"]]
    for (service, row) in zip(state.services, rows) {
      let domain = service.domain.flatMap { domains?[$0] }
      let database = row.database.map { "\(Files.shown($0)) (\(Console.megabytes(row.databaseByteCount)))" }
      table.append([
        row.service, service.domain ?? "-", domain.map { String($0.identifier) } ?? "-",
        domain.map { "\($0.megabytes) MiB" } ?? "-", domain.map { "\($0.seconds) s" } ?? "-",
        domain?.stateInWords ?? "-", row.state, database ?? "-",
      ])
    }
    var lines = Console.table(table, rightAligned: [2, 3, 4]).split(separator: "\n").map(String.init)
    lines[0] = console.bold(lines[0])
    lines += [
      "",
      "storefront   \(console.bold(state.url))",
      "admin token  \(Files.shown(folder.adminTokenFile))",
      "stack        \(state.stack)",
      "dom0         `souk lab shell\(folder.option)`; with a command behind it, such as `xl list`, that one's output",
      "memory       \(Console.megabytes(state.machine?.memoryByteCount)) (QEMU's, with Xen, dom0 and the domains in it)",
    ]
    return lines.joined(separator: "\n")
  }
}
