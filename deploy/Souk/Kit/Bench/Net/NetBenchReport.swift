import Foundation

/// What `souk bench net` found.
struct NetBenchReport: Encodable {
  /// Two stacks in one process, one connection.
  struct Transfer: Encodable {
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

  /// Our stack against the kernel over one TAP interface, beside two kernels and a relay between two.
  struct Tap: Encodable {
    enum Direction: String, Encodable { case send, receive }

    var direction: Direction
    var hasOffloads: Bool
    var bitsPerSecond: [Double] = []
    var relayBitsPerSecond: [Double] = []
    /// Of each round: both met the same machine.
    var ratios: [Double] = []

    mutating func add(_ ours: Double, beside relay: Double) {
      bitsPerSecond.append(ours)
      relayBitsPerSecond.append(relay)
      ratios.append(ours / max(relay, 1))
    }
  }

  /// Instructions (callgrind) and calls of malloc (memcheck).
  struct Costs: Encodable {
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
  var transfers: [Transfer]
  /// Two ends of lwIP, at some of the same losses. What it does not say (time-outs) is 0.
  var lwip: [Transfer]
  /// Why lwIP was not measured; nil when it was.
  var lwipObstacle: String?
  var tap: [Tap]
  /// Why nothing was measured over TAP; nil when it was.
  var tapObstacle: String?
  var costs: Costs
}
