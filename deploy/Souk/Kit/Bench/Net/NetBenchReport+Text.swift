import Foundation

extension NetBenchReport {
  /// The tables.
  var text: String {
    ([transferTable, lwipTable] + tapTable + [costTable] + notes).joined(separator: "\n\n")
  }

  private var transferTable: String {
    var rows = [["TWO STACKS", "GBIT/S", "BY CPU TIME", "SPREAD", "RETRANSMITTED", "TIME-OUTS", "SIMULATED"]]
    for one in transfers {
      rows.append([
        one.lossPercent == 0 ? "clean (target 4)" : "\(Self.short(one.lossPercent)) % loss",
        Self.gigabits(one.bitsPerSecond), Self.gigabits(one.bitsPerProcessorSecond),
        Self.spread(one.bitsPerSecond), Self.digits(BenchReport.median(one.retransmissions), 0),
        Self.digits(BenchReport.median(one.timeouts), 0),
        Self.digits(BenchReport.median(one.simulatedSeconds), 3) + " s",
      ])
    }
    return Console.table(rows, rightAligned: [1, 2, 3, 4, 5, 6])
  }

  private var lwipTable: String {
    if let lwipObstacle { return "not measured beside lwIP: \(lwipObstacle)" }
    var rows = [["BESIDE LWIP", "OURS, GBIT/S", "LWIP", "RATIO", "RETRANSMITTED", "LWIP'S"]]
    for other in lwip {
      guard let ours = transfers.first(where: { $0.lossPercent == other.lossPercent }) else { continue }
      let ratios = zip(ours.bitsPerSecond, other.bitsPerSecond).map { $0 / max($1, 1) }
      rows.append([
        other.lossPercent == 0 ? "clean" : "\(Self.short(other.lossPercent)) % loss",
        Self.gigabits(ours.bitsPerSecond), Self.gigabits(other.bitsPerSecond),
        Self.digits(BenchReport.median(ratios), 2), Self.digits(BenchReport.median(ours.retransmissions), 0),
        Self.digits(BenchReport.median(other.retransmissions), 0),
      ])
    }
    return Console.table(rows, rightAligned: [1, 2, 3, 4, 5])
  }

  private var tapTable: [String] {
    if let tapObstacle { return ["not measured over TAP: \(tapObstacle)"] }
    var rows = [
      ["OVER TAP", "OFFLOADS", "GBIT/S", "KERNEL–RELAY–KERNEL", "RATIO (target 0.5)", "LOWEST", "HIGHEST"]
    ]
    for one in tap {
      rows.append([
        one.direction == .send ? "our stack → kernel" : "kernel → our stack", one.hasOffloads ? "on" : "off",
        Self.gigabits(one.bitsPerSecond), Self.gigabits(one.relayBitsPerSecond),
        Self.digits(BenchReport.median(one.ratios), 2), Self.digits(one.ratios.min() ?? 0, 2),
        Self.digits(one.ratios.max() ?? 0, 2),
      ])
    }
    return [Console.table(rows, rightAligned: [2, 3, 4, 5, 6])]
  }

  private var costTable: String {
    let per = [
      ("segment of 1448 bytes, sender", costs.sendingPerSegment, nil),
      ("segment of 1448 bytes, receiver", costs.receivingPerSegment, costs.allocationsPerSegment),
      ("… of both: copying", costs.copyingPerSegment, nil),
      ("… of both: checksums", costs.checksumsPerSegment, nil),
      ("request on a kept connection, client", costs.clientPerRequest, nil),
      ("request on a kept connection, server", costs.serverPerRequest, costs.allocationsPerRequest),
      ("connection of one request, client", costs.clientPerConnection, nil),
      ("connection of one request, server", costs.serverPerConnection, costs.allocationsPerConnection),
    ]
    let rows = per.map { name, instructions, allocations in
      [
        name, Self.digits(instructions, 0),
        allocations.map { Self.digits($0, $0.rounded() == $0 ? 0 : 3) } ?? "",
      ]
    }
    return Console.table([["PER", "INSTRUCTIONS", "ALLOCATIONS, BOTH"]] + rows, rightAligned: [1, 2])
  }

  private var notes: [String] {
    let megabytes = transfers.first?.megabytes ?? 0
    let clean = transfers.first { $0.lossPercent == 0 }
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
      Instructions: callgrind, two lengths subtracted; a segment's contain the program's write or read, and the \
      frame's copy onto or off the simulated wire. Allocations: memcheck, the same way (target 0 per segment).
      """,
      "\(rounds) round\(rounds == 1 ? "" : "s"), the median counts; TAP transfers of \(secondsPerTapTransfer) s, who is measured on one core, the "
        + "kernel's ends on another; \(date), \(processor), \(cores) cores",
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
