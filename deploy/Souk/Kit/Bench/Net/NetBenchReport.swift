import Foundation

/// What `souk bench net` found.
struct NetBenchReport: Encodable {
  /// Two stacks in one process, one connection.
  struct Transfer: Encodable {
    var ip = 4
    var lossPercent: Double
    var megabytes: Int
    /// Bits per second of each round. Without loss the time is the wall's; with loss it is what the simulated clock
    /// says, which stands still while a processor works, and the processor's on top.
    var bitsPerSecond: [Double] = []
    /// The same by processor time alone, which other programs disturb less.
    var bitsPerProcessorSecond: [Double] = []
    var simulatedSeconds: [Double] = []
    var segments: [Double] = []
    var acknowledgements: [Double] = []
    var retransmissions: [Double] = []
    var timeouts: [Double] = []

    mutating func add(_ figures: NetProgram.Figures) {
      let bits = (figures["bytes"] ?? 0) * 8
      let simulated = figures["simulatedSeconds"] ?? 0
      let processor = figures["processorSeconds"] ?? 0
      let passed = lossPercent == 0 ? figures["wallSeconds"] ?? 0 : simulated + processor
      bitsPerSecond.append(bits / max(passed, 1e-9))
      bitsPerProcessorSecond.append(bits / max(processor, 1e-9))
      simulatedSeconds.append(simulated)
      segments.append(figures["dataSegments"] ?? 0)
      acknowledgements.append(figures["acknowledgements"] ?? 0)
      retransmissions.append(figures["retransmissions"] ?? 0)
      timeouts.append(figures["timeouts"] ?? 0)
    }
  }

  /// Bits per second of each round, ours and another's right beside it.
  struct Rates: Encodable {
    var bitsPerSecond: [Double] = []
    var otherBitsPerSecond: [Double] = []
    /// Of each round: both met the same machine.
    var ratios: [Double] = []

    mutating func add(_ ours: Double, beside other: Double) {
      bitsPerSecond.append(ours)
      otherBitsPerSecond.append(other)
      ratios.append(ours / max(other, 1))
    }
  }

  /// Our stack against iperf on the kernel's over one TAP interface, beside two kernels and a relay between two.
  struct Tap: Encodable {
    enum Direction: String, Encodable { case send, receive }

    var ip: Int
    var direction: Direction
    var hasOffloads: Bool
    var rates = Rates()
  }

  /// Our stack, and Linux with CUBIC, each sending to a kernel over the same cable, which loses and delays.
  struct Cable: Encodable {
    var ip: Int
    /// Of frames, each way.
    var lossPercent: Double
    /// Both ways together.
    var delayMilliseconds: Double
    var rates = Rates()
  }

  /// Instructions (callgrind) and calls of malloc (memcheck).
  struct Costs: Encodable {
    var ip = 4
    var sendingPerSegment: Double
    var receivingPerSegment: Double
    var copyingPerSegment: Double
    var checksumsPerSegment: Double
    var serverPerRequest: Double
    var clientPerRequest: Double
    var serverPerConnection: Double
    var clientPerConnection: Double
    var allocationsPerSegment: Double
    var allocationsPerRequest: Double
    var allocationsPerConnection: Double
  }

  var date: String
  var processor: String
  var cores: Int
  var rounds: Int
  var secondsPerTapTransfer: Double
  var secondsPerCableTransfer: Double
  var transfers: [Transfer] = []
  /// Two ends of lwIP, at some of the same losses. What it does not say (time-outs) is 0.
  var lwip: [Transfer] = []
  /// Why lwIP was not measured; nil when it was.
  var lwipObstacle: String?
  var tap: [Tap] = []
  var cables: [Cable] = []
  /// Why nothing was measured over TAP and cables; nil when it was.
  var tapObstacle: String?
  /// Between machines; empty when that was not asked for.
  var machines: [MachineTransfer] = []
  /// Why nothing was measured between machines; nil when it was, or was not asked for.
  var machineObstacle: String?
  /// For each version of the Internet Protocol.
  var costs: [Costs] = []
}
