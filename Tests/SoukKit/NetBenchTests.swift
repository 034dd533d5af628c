import Testing

@testable import SoukKit

@Suite struct NetBenchTests {
  private let annotated = """
    150,052,224 (100.0%)  PROGRAM TOTALS
     68,790,592 (45.84%)  ???:$s8BenchNet10turnServeryyAA4HostCF [/tmp/bench-net]
      9,697,516 ( 6.46%)  ./string/memmove.S:__memcpy_avx_unaligned_erms [libc.so.6]
            484 ( 0.00%)  ???:memmove [bench-net]
    """

  @Test func `instructions of a function are added up over its lines`() {
    #expect(Valgrind.sum(annotated, ["BenchNet10turnServer"]) == 68_790_592)
    #expect(Valgrind.sum(annotated, ["memcpy", "memmove"]) == 9_698_000)
    #expect(Valgrind.sum(annotated, ["turnClient"]) == 0)
  }

  @Test func `allocations are read from what memcheck says at the end`() {
    let output =
      "==1== HEAP SUMMARY:\n==1==   total heap usage: 12,345 allocs, 12,000 frees, 99 bytes allocated\n"
    #expect(Valgrind.allocationCount(output) == 12_345)
    #expect(Valgrind.allocationCount("killed") == nil)
  }

  @Test func `without loss the wall's time counts, with loss the simulated and the processor's`() {
    let figures = [
      "bytes": 1e9, "wallSeconds": 4.0, "processorSeconds": 1.0, "simulatedSeconds": 15.0, "timeouts": 3,
    ]
    var clean = NetBenchReport.Transfer(lossPercent: 0, megabytes: 1000)
    clean.add(figures)
    #expect(clean.bitsPerSecond == [2e9] && clean.bitsPerProcessorSecond == [8e9])
    var lossy = NetBenchReport.Transfer(lossPercent: 1, megabytes: 1000)
    lossy.add(figures)
    #expect(lossy.bitsPerSecond == [0.5e9] && lossy.timeouts == [3])
  }

  private func transfer(loss: Double, bits: Double) -> NetBenchReport.Transfer {
    var transfer = NetBenchReport.Transfer(lossPercent: loss, megabytes: 1)
    transfer.add(["bytes": bits / 8, "wallSeconds": 1, "processorSeconds": 1])
    return transfer
  }

  @Test func `what was not measured over TAP is said in words`() {
    let costs = NetBenchReport.Costs(
      sendingPerSegment: 5000, receivingPerSegment: 4500, copyingPerSegment: 3000, checksumsPerSegment: 1500,
      serverPerRequest: 9000, clientPerRequest: 9500, serverPerConnection: 30_000,
      clientPerConnection: 33_000,
      allocationsPerSegment: 0, allocationsPerRequest: 0, allocationsPerConnection: 13)
    var report = report
    report.transfers = [transfer(loss: 0, bits: 6e9)]
    report.lwip = [transfer(loss: 0, bits: 4e9)]
    report.tapObstacle = "only root may"
    report.costs = [costs]
    #expect(report.text.contains("not measured over TAP: only root may"))
    let line = report.text.split(separator: "\n").first { $0.contains("receiver") }
    #expect(line?.split(separator: " ").suffix(2) == ["4500", "0"])
    let beside = report.text.split(separator: "\n").drop { !$0.hasPrefix("BESIDE LWIP") }.dropFirst().first
    #expect(beside?.split(separator: " ") == ["IPv4,", "clean", "6.00", "4.00", "1.50", "0", "0"])
  }

  private let report = NetBenchReport(
    date: "2026-11-25T00:00:00.000Z", processor: "abacus", cores: 1, rounds: 1, secondsPerTapTransfer: 1,
    secondsPerCableTransfer: 5)

  @Test func `a lossy cable's median is that of the rounds' ratios`() {
    var report = report
    var cable = NetBenchReport.Cable(ip: 6, lossPercent: 1, delayMilliseconds: 10)
    for (ours, linux) in [(12e6, 10e6), (10e6, 10e6), (9e6, 10e6)] { cable.rates.add(ours, beside: linux) }
    report.cables = [cable]
    let line = report.text.split(separator: "\n").first { $0.hasPrefix("IPv6, 1 % loss, 10 ms") }
    #expect(line?.split(separator: " ").suffix(5) == ["0.0100", "0.0100", "1.00", "0.90", "1.20"])
  }

  @Test func `what the scripts print of machines are lines that end in three numbers`() {
    let output = """
      xen-lab: booting
      MB/s, median of 3              ours      Linux    ratio
      domain to dom0                 42.1       39.3     1.07
      between two domains            18.0        9.0     2.00
      """
    let rows = MachineTransfer.rows(output, in: "Xen")
    #expect(rows.map(\.name) == ["Xen, domain to dom0", "Xen, between two domains"])
    #expect(rows.map(\.ratio) == [1.07, 2] && rows[0].linuxMegabytesPerSecond == 39.3)
  }
}
