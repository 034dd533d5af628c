import Foundation

extension ImageBenchReport {
  /// The tables.
  var text: String {
    ([instructionTable, sizeTable] + startTable + profiles + notes).joined(separator: "\n\n")
  }

  private var instructionTable: String {
    var rows = [
      [
        "INSTRUCTIONS", "ENTRY → FIRST 200", "TARGET", "READY AT", "ON AN EMPTY DISK", "PER GET /livez",
        "TARGET",
      ]
    ]
    for one in images {
      rows.append([
        one.name, Self.thousands(Double(one.bootInstructions)), Self.thousands(Double(one.bootTarget)),
        Self.thousands(Double(one.readyInstructions)),
        one.firstBootInstructions.map { Self.thousands(Double($0)) } ?? "",
        Self.thousands(one.instructionsPerRequest), Self.thousands(Self.requestTarget),
      ])
    }
    rows.append([
      "catalog: GET /api/v1/products/{id}", "", "", "", "", Self.thousands(instructionsPerProduct), "",
    ])
    return Console.table(rows, rightAligned: [1, 2, 3, 4, 5, 6])
  }

  private var sizeTable: String {
    var rows = [["IMAGE", "FILE", "LEAST MEMORY", "TARGET"]]
    for one in images {
      rows.append([
        one.name, ImageReport.kilobytes(one.fileByteCount), one.leastMegabytes.map { "\($0) MB" } ?? "",
        "\(one.memoryTarget) MB",
      ])
    }
    // Sources: their packages (sizes), and runs of the peer on a machine like CI's.
    rows += [
      ["Unikraft 0.16 c-http (TCP, HTTP)", "347 KB (Xen), 439 KB (KVM)", "4 MB", ""],
      ["MirageOS hello (no network)", "3.33 MB", "", ""],
    ]
    return Console.table(rows, rightAligned: [1, 2, 3])
  }

  private var startTable: [String] {
    guard !starts.isEmpty else { return [] }
    var rows = [["FOUR AT ONCE, UNTIL EACH ANSWERS", "MEDIAN", "LOWEST", "HIGHEST", "MEMORY EACH"]]
    for one in starts {
      rows.append(
        [one.name]
          + [BenchReport.median(one.milliseconds), one.milliseconds.min() ?? 0, one.milliseconds.max() ?? 0]
          .map {
            String(format: "%.0f ms", $0)
          } + ["\(one.megabytesEach) MB"])
    }
    return [Console.table(rows, rightAligned: [1, 2, 3, 4])]
  }

  private var profiles: [String] {
    var parts: [String] = []
    for one in images {
      if let profile = one.bootProfile { parts.append("\(one.name), entry → first 200:\n\(profile.text)") }
      if let profile = one.requestProfile {
        parts.append("\(one.name), \(requestCount) times GET /livez:\n\(profile.text)")
      }
    }
    if let productProfile {
      parts.append("catalog, \(requestCount) times GET /api/v1/products/{id}:\n\(productProfile.text)")
    }
    return parts
  }

  private var notes: [String] {
    let debian = debianObstacle.map { ["Debian was not started: \($0)"] } ?? []
    return debian + [
      """
      Guest instructions, counted by a plugin of QEMU's translator; a processor that waits executes none. A string \
      instruction counts once for each round. \(requestCount) requests, a connection each, closing it included. Targets \
      are Unikraft's figures (C, no storage). \(date), \(processor)
      """
    ]
  }

  /// `371 k`.
  private static func thousands(_ count: Double) -> String {
    count < 100_000 ? String(format: "%.1f k", count / 1000) : String(format: "%.0f k", count / 1000)
  }
}
