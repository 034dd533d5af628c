import Foundation

/// Runs `bench-net` in all its forms and gathers what it found.
struct NetBench {
  static let losses = [0.0, 0.001, 0.01]
  /// Losses at which lwIP is measured, too.
  static let lwipLosses = [0.0, 0.01]

  let rounds: Int
  let megabytes: Int
  let seconds: Double

  func run(_ progress: (String) -> Void) throws(Failure) -> NetBenchReport {
    let program = try NetProgram()
    let folder = try BenchMachine.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let pinned = cores > 1 ? ["taskset", "-c", "0"] : []

    var transfers = Self.losses.map { NetBenchReport.Transfer(lossPercent: $0 * 100, megabytes: megabytes) }
    let lwipObstacle = LwipProgram.obstacle()
    let lwipProgram = lwipObstacle == nil ? try LwipProgram.build(in: folder) : nil
    var lwip =
      lwipProgram == nil
      ? [] : Self.lwipLosses.map { NetBenchReport.Transfer(lossPercent: $0 * 100, megabytes: megabytes) }
    for round in 1...rounds {
      for index in transfers.indices {
        progress("round \(round) of \(rounds): two stacks, \(transfers[index].lossPercent) % loss")
        // Each round loses other frames, the same ones in every run.
        let (figures, _) = try program.run(
          [
            "pair", "--megabytes", "\(megabytes)", "--loss", "\(Self.losses[index])", "--seed", "\(round)",
          ], under: pinned)
        transfers[index].add(figures)
        // Right after ours, so that both met the same machine.
        guard let lwipProgram, let place = Self.lwipLosses.firstIndex(of: Self.losses[index]) else {
          continue
        }
        let words = LwipProgram.arguments(megabytes: megabytes, loss: Self.losses[index], seed: round)
        lwip[place].add(try lwipProgram.run(words, under: pinned).0)
      }
    }
    let obstacle = NetworkNamespace.obstacle()
    return NetBenchReport(
      date: StatusReport.time(Date()), processor: BenchMachine.processor, cores: cores, rounds: rounds,
      secondsPerTapTransfer: seconds, transfers: transfers, lwip: lwip, lwipObstacle: lwipObstacle,
      tap: obstacle == nil ? try runTap(program, progress) : [], tapObstacle: obstacle,
      costs: try runValgrind(try program.stripped(in: folder), folder, progress))
  }

  // MARK: Against the kernel

  private func runTap(
    _ program: NetProgram, _ progress: (String) -> Void
  ) throws(Failure) -> [NetBenchReport.Tap] {
    var rows: [NetBenchReport.Tap] = []
    for hasOffloads in [false, true] {
      var sending = NetBenchReport.Tap(direction: .send, hasOffloads: hasOffloads)
      var receiving = NetBenchReport.Tap(direction: .receive, hasOffloads: hasOffloads)
      for round in 1...rounds {
        progress("round \(round) of \(rounds): over TAP, offloads \(hasOffloads ? "on" : "off")")
        func rate(_ measurement: String) throws(Failure) -> Double {
          let words = [measurement, "--seconds", "\(seconds)"] + (hasOffloads ? ["--offloads"] : [])
          let (figures, _) = try program.run(words)
          return (figures["bytes"] ?? 0) * 8 / max(figures["wallSeconds"] ?? 0, 1e-9)
        }
        // One relay for both of its neighbours in time.
        let sent = try rate("tap-send")
        let relayed = try rate("tap-relay")
        let received = try rate("tap-receive")
        sending.add(sent, beside: relayed)
        receiving.add(received, beside: relayed)
      }
      rows += [sending, receiving]
    }
    return rows
  }

  // MARK: Instructions and allocations

  private func runValgrind(
    _ program: NetProgram, _ folder: String, _ progress: (String) -> Void
  ) throws(Failure) -> NetBenchReport.Costs {
    let valgrind = Valgrind(program: program, folder: folder)
    progress("counting instructions")
    func requests(_ count: Int, _ more: [String] = []) -> [String] {
      ["requests", "--count", "\(count)"] + more
    }
    func bulk(_ megabytes: Int) -> [String] { ["pair", "--megabytes", "\(megabytes)"] }
    let segments = try valgrind.instructions(bulk(8), bulk(16), per: "dataSegments")
    let kept = try valgrind.instructions(requests(200), requests(1200), per: "requests")
    let new = try valgrind.instructions(
      requests(200, ["--new-connections"]), requests(1200, ["--new-connections"]), per: "requests")
    progress("counting allocations")
    return NetBenchReport.Costs(
      sendingPerSegment: segments.client / segments.units,
      receivingPerSegment: segments.server / segments.units,
      copyingPerSegment: segments.copying / segments.units,
      checksumsPerSegment: segments.checksums / segments.units,
      serverPerRequest: kept.server / kept.units, clientPerRequest: kept.client / kept.units,
      serverPerConnection: new.server / new.units, clientPerConnection: new.client / new.units,
      allocationsPerSegment: try valgrind.allocations(bulk(12), bulk(20), per: "dataSegments"),
      allocationsPerRequest: try valgrind.allocations(requests(200), requests(1200), per: "requests"),
      allocationsPerConnection: try valgrind.allocations(
        requests(200, ["--new-connections"]), requests(1200, ["--new-connections"]), per: "requests"))
  }
}
