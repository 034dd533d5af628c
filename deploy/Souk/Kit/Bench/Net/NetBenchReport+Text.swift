import Foundation

extension NetBenchReport {
  /// The tables.
  var text: String {
    ([transferTable, lwipTable] + tapTable + machineTable + [costTable] + notes).joined(separator: "\n\n")
  }

  private var transferTable: String {
    var rows = [["TWO STACKS", "GBIT/S", "BY CPU TIME", "SPREAD", "RETRANSMITTED", "TIME-OUTS", "SIMULATED"]]
    for one in transfers {
      rows.append([
        "IPv\(one.ip), " + Self.condition(one), Self.gigabits(one.bitsPerSecond),
        Self.gigabits(one.bitsPerProcessorSecond), Self.spread(one.bitsPerSecond),
        Self.digits(BenchReport.median(one.retransmissions), 0),
        Self.digits(BenchReport.median(one.timeouts), 0),
        Self.digits(BenchReport.median(one.simulatedSeconds), 3) + " s",
      ])
    }
    return Console.table(rows, rightAligned: [1, 2, 3, 4, 5, 6])
  }

  private static func condition(_ one: Transfer) -> String {
    let target = one.lossPercent == 0 ? " (target 4)" : one.lossPercent == 1 ? " (target 0.4)" : ""
    return (one.lossPercent == 0 ? "clean" : "\(short(one.lossPercent)) % loss") + target
  }

  private var lwipTable: String {
    if let lwipObstacle { return "not measured beside lwIP: \(lwipObstacle)" }
    var rows = [["BESIDE LWIP", "OURS, GBIT/S", "LWIP", "RATIO", "RETRANSMITTED", "LWIP'S"]]
    for other in lwip {
      guard let ours = transfers.first(where: { $0.ip == other.ip && $0.lossPercent == other.lossPercent })
      else { continue }
      let ratios = zip(ours.bitsPerSecond, other.bitsPerSecond).map { $0 / max($1, 1) }
      rows.append([
        "IPv\(other.ip), " + (other.lossPercent == 0 ? "clean" : "\(Self.short(other.lossPercent)) % loss"),
        Self.gigabits(ours.bitsPerSecond), Self.gigabits(other.bitsPerSecond),
        Self.digits(BenchReport.median(ratios), 2), Self.digits(BenchReport.median(ours.retransmissions), 0),
        Self.digits(BenchReport.median(other.retransmissions), 0),
      ])
    }
    return Console.table(rows, rightAligned: [1, 2, 3, 4, 5])
  }

  private var tapTable: [String] {
    if let tapObstacle { return ["not measured over TAP: \(tapObstacle)"] }
    let tapRows = tap.map { one in
      let way = one.direction == .send ? "our stack → iperf" : "iperf → our stack"
      return ["IPv\(one.ip), \(way)", one.hasOffloads ? "on" : "off"] + Self.cells(one.rates)
    }
    let cableRows = cables.map { one in
      let what = "\(Self.short(one.lossPercent)) % loss, \(Self.short(one.delayMilliseconds)) ms"
      return ["IPv\(one.ip), \(what)"] + Self.cells(one.rates)
    }
    return [
      Console.table(
        [
          [
            "OVER TAP", "OFFLOADS", "GBIT/S", "KERNEL–RELAY–KERNEL", "RATIO (target 0.5)", "LOWEST",
            "HIGHEST",
          ]
        ]
          + tapRows, rightAligned: [2, 3, 4, 5, 6]),
      Console.table(
        [["OVER A CABLE", "GBIT/S", "LINUX, CUBIC", "RATIO (target 1)", "LOWEST", "HIGHEST"]] + cableRows,
        rightAligned: [1, 2, 3, 4, 5]),
    ]
  }

  private static func cells(_ rates: Rates) -> [String] {
    [
      gigabits(rates.bitsPerSecond), gigabits(rates.otherBitsPerSecond),
      digits(BenchReport.median(rates.ratios), 2), digits(rates.ratios.min() ?? 0, 2),
      digits(rates.ratios.max() ?? 0, 2),
    ]
  }

  private var machineTable: [String] {
    if let machineObstacle { return ["not measured between machines: \(machineObstacle)"] }
    guard !machines.isEmpty else { return [] }
    let rows = machines.map {
      [
        $0.name, Self.digits($0.megabytesPerSecond, 1), Self.digits($0.linuxMegabytesPerSecond, 1),
        Self.digits($0.ratio, 2),
      ]
    }
    return [Console.table([["MACHINES", "MB/S", "LINUX", "RATIO"]] + rows, rightAligned: [1, 2, 3])]
  }

  private var costTable: String {
    typealias Cost = KeyPath<Costs, Double>
    let lines: [(name: String, instructions: Cost, allocations: Cost?)] = [
      ("segment of full size, sender", \.sendingPerSegment, nil),
      ("segment of full size, receiver", \.receivingPerSegment, \.allocationsPerSegment),
      ("… of both: copying", \.copyingPerSegment, nil),
      ("… of both: checksums", \.checksumsPerSegment, nil),
      ("request on a kept connection, client", \.clientPerRequest, nil),
      ("request on a kept connection, server", \.serverPerRequest, \.allocationsPerRequest),
      ("connection of one request, client", \.clientPerConnection, nil),
      ("connection of one request, server", \.serverPerConnection, \.allocationsPerConnection),
    ]
    let heading = ["PER"] + costs.flatMap { ["IPV\($0.ip): INSTRUCTIONS", "ALLOCATIONS, BOTH"] }
    let rows = lines.map { line in
      [line.name]
        + costs.flatMap { cost in
          [
            Self.digits(cost[keyPath: line.instructions], 0),
            line.allocations.map { Self.allocations(cost[keyPath: $0]) } ?? "",
          ]
        }
    }
    return Console.table([heading] + rows, rightAligned: Set(1..<heading.count))
  }

  private static func allocations(_ count: Double) -> String {
    digits(count, count.rounded() == count ? 0 : 3)
  }

  private var notes: [String] {
    let megabytes = transfers.first?.megabytes ?? 0
    let clean = transfers.first { $0.ip == 4 && $0.lossPercent == 0 }
    let acknowledged = clean.map {
      BenchReport.median($0.segments) / max(1, BenchReport.median($0.acknowledgements))
    }
    return [
      """
      Two stacks in one process: \(megabytes) MB on one connection, MTU 1500, no offload: both ends write and verify \
      every checksum; one ACK for \(Self.digits(acknowledged ?? 0, 0)) segments. With loss (independent, both ways, no \
      delay) the time is the simulated clock's and the processor's.
      """,
      """
      lwIP: Debian's build (liblwip-dev) as it is, with windows of 64 KB, without SACK and timestamps; both ends in one \
      instance, every checksum written and verified, the same kind of link and clock (Benchmarks/lwIP/transfer.c).
      """,
      """
      Over a cable: a thread that reads frames from one TAP interface and writes them to another, loses some of each \
      way and delays the others. A bridge is on both senders' way; the receiver is iperf on the kernel's TCP.
      """,
      """
      Instructions: callgrind, two lengths subtracted; a segment's contain the program's write or read, and the \
      frame's copy onto or off the simulated wire. Allocations: memcheck, the same way (target 0 per segment).
      """,
      """
      \(rounds) round\(rounds == 1 ? "" : "s"), the median counts; TAP transfers of \(secondsPerTapTransfer) s, over a \
      cable \(secondsPerCableTransfer) s; who is measured on one core, the kernel's ends (iperf 2) on another; \
      \(date), \(processor), \(cores) cores
      """,
    ]
  }

  private static func gigabits(_ values: [Double]) -> String {
    let median = BenchReport.median(values) / 1e9
    return digits(median, median < 0.1 ? 4 : 2)
  }

  private static func spread(_ values: [Double]) -> String {
    let median = BenchReport.median(values)
    return median > 0 ? "±\(digits(((values.max() ?? 0) - (values.min() ?? 0)) / median * 50, 0)) %" : ""
  }

  private static func short(_ value: Double) -> String { String(format: "%g", value) }

  private static func digits(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", value)
  }
}
