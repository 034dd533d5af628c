import Foundation

/// Runs `bench-net` in all its forms and gathers what it found.
struct NetBench {
  static let losses = [0.0, 0.001, 0.01]
  /// Losses at which lwIP is measured, too.
  static let lwipLosses = [0.0, 0.01]
  /// The versions of the Internet Protocol, each measured by itself.
  static let families = [4, 6]
  /// How much longer than a transfer over TAP one over a lossy cable takes: it has few segments to tell anything by.
  static let cableFactor = 10.0

  let rounds: Int
  let megabytes: Int
  let seconds: Double
  /// Whether machines are measured, too.
  let hasMachines: Bool

  func run(_ progress: (String) -> Void) throws(Failure) -> NetBenchReport {
    let program = try NetProgram()
    let folder = try BenchMachine.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let obstacle = NetworkNamespace.obstacle()
    let lwipObstacle = LwipProgram.obstacle()
    var report = NetBenchReport(
      date: StatusReport.time(Date()), processor: BenchMachine.processor, cores: cores, rounds: rounds,
      secondsPerTapTransfer: seconds, secondsPerCableTransfer: seconds * Self.cableFactor,
      lwipObstacle: lwipObstacle, tapObstacle: obstacle)
    let lwip = lwipObstacle == nil ? try LwipProgram.build(in: folder) : nil
    try runPairs(program, beside: lwip, under: cores > 1 ? ["taskset", "-c", "0"] : [], &report, progress)
    if obstacle == nil {
      for family in Self.families {
        report.tap += try runTap(program, family, progress)
        report.cables.append(try runCable(program, family, progress))
      }
    }
    if hasMachines {
      // What was measured until here is not lost with a virtual machine.
      do throws(Failure) { report.machines = try MachineTransfer.run(rounds: rounds, progress) } catch {
        report.machineObstacle = error.message
      }
    }
    let stripped = try program.stripped(in: folder)
    for family in Self.families {
      report.costs.append(try runValgrind(stripped, family, folder, progress))
    }
    return report
  }

  // MARK: In one process

  private func runPairs(
    _ program: NetProgram, beside lwip: NetProgram?, under pinned: [String], _ report: inout NetBenchReport,
    _ progress: (String) -> Void
  ) throws(Failure) {
    for family in Self.families {
      for loss in Self.losses {
        var ours = NetBenchReport.Transfer(ip: family, lossPercent: loss * 100, megabytes: megabytes)
        var other = ours
        // lwIP is measured over IPv4.
        let beside = family == 4 && Self.lwipLosses.contains(loss) ? lwip : nil
        for round in 1...rounds {
          progress("round \(round) of \(rounds): two stacks, IPv\(family), \(ours.lossPercent) % loss")
          // Each round loses other frames, the same ones in every run.
          ours.add(
            try program.run(
              [
                "pair", "--ip", "\(family)", "--megabytes", "\(megabytes)", "--loss", "\(loss)", "--seed",
                "\(round)",
              ], under: pinned
            ).0)
          // Right after ours, so that both met the same machine.
          if let beside {
            let words = LwipProgram.arguments(megabytes: megabytes, loss: loss, seed: round)
            other.add(try beside.run(words, under: pinned).0)
          }
        }
        report.transfers.append(ours)
        if beside != nil { report.lwip.append(other) }
      }
    }
  }

  // MARK: Against the kernel

  private func rate(_ program: NetProgram, _ words: [String]) throws(Failure) -> Double {
    let (figures, _) = try program.run(words)
    return (figures["bytes"] ?? 0) * 8 / max(figures["wallSeconds"] ?? 0, 1e-9)
  }

  private func runTap(
    _ program: NetProgram, _ family: Int, _ progress: (String) -> Void
  ) throws(Failure) -> [NetBenchReport.Tap] {
    var rows: [NetBenchReport.Tap] = []
    for hasOffloads in [false, true] {
      var sending = NetBenchReport.Tap(ip: family, direction: .send, hasOffloads: hasOffloads)
      var receiving = NetBenchReport.Tap(ip: family, direction: .receive, hasOffloads: hasOffloads)
      for round in 1...rounds {
        progress(
          "round \(round) of \(rounds): over TAP, IPv\(family), offloads \(hasOffloads ? "on" : "off")")
        let words = ["--ip", "\(family)", "--seconds", "\(seconds)"] + (hasOffloads ? ["--offloads"] : [])
        // One relay for both of its neighbours in time.
        let sent = try rate(program, ["tap-send"] + words)
        let relayed = try rate(program, ["tap-relay"] + words)
        let received = try rate(program, ["tap-receive"] + words)
        sending.rates.add(sent, beside: relayed)
        receiving.rates.add(received, beside: relayed)
      }
      rows += [sending, receiving]
    }
    return rows
  }

  private func runCable(
    _ program: NetProgram, _ family: Int, _ progress: (String) -> Void
  ) throws(Failure) -> NetBenchReport.Cable {
    var cable = NetBenchReport.Cable(ip: family, lossPercent: 1, delayMilliseconds: 10)
    for round in 1...rounds {
      progress("round \(round) of \(rounds): a cable with loss and delay, IPv\(family)")
      let words = [
        "--ip", "\(family)", "--seconds", "\(seconds * Self.cableFactor)", "--loss", "0.01", "--delay-us",
        "5000", "--seed", "\(round)",
      ]
      cable.rates.add(
        try rate(program, ["cable-souk"] + words), beside: try rate(program, ["cable-linux"] + words))
    }
    return cable
  }

  // MARK: Instructions and allocations

  private func runValgrind(
    _ program: NetProgram, _ family: Int, _ folder: String, _ progress: (String) -> Void
  ) throws(Failure) -> NetBenchReport.Costs {
    let valgrind = Valgrind(program: program, folder: folder)
    progress("counting instructions, IPv\(family)")
    func requests(_ count: Int, _ more: [String] = []) -> [String] {
      ["requests", "--ip", "\(family)", "--count", "\(count)"] + more
    }
    func bulk(_ megabytes: Int) -> [String] {
      ["pair", "--ip", "\(family)", "--megabytes", "\(megabytes)"]
    }
    let segments = try valgrind.instructions(bulk(8), bulk(16), per: "dataSegments")
    let kept = try valgrind.instructions(requests(200), requests(1200), per: "requests")
    let new = try valgrind.instructions(
      requests(200, ["--new-connections"]), requests(1200, ["--new-connections"]), per: "requests")
    progress("counting allocations, IPv\(family)")
    return NetBenchReport.Costs(
      ip: family,
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
