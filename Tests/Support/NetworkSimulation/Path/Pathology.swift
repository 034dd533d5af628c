import Platform

/// Something that is wrong with the path between the first two devices of a wire, or strange. `from` is the device, 0
/// or 1, whose frames meet it.
public enum Pathology: Sendable, Equatable {
  /// Frames leave at multiples of `nanoseconds` only, all at once (ACK compression); of the pure ACKs that wait then,
  /// only the last one if `thins`.
  case aggregation(from: Int, nanoseconds: UInt64, thins: Bool)
  /// Options are overwritten by NOPs, in the segments of one device or of both (`from` is nil).
  case strippedOptions(from: Int?, OptionKinds)
  /// No SYN's MSS is larger.
  case clampedSegmentSize(UInt16)
  /// The sequence numbers of device `of` are moved; SACK blocks are moved back with the acknowledgements, or forgotten.
  case movedNumbers(of: Int, by: UInt32, translatesSACK: Bool)
  /// IP packets over `byteCount` are cut into fragments.
  case fragmentation(from: Int, byteCount: Int)
  /// IP packets over `byteCount` are dropped, and an ICMP message says so.
  case reportedNarrowing(from: Int, byteCount: Int)
  /// Segments are cut into smaller ones.
  case resegmentation(from: Int, byteCount: Int)
  /// Losses come in bursts: the probability that one begins, for each frame, and how long it lasts at most.
  case burstLoss(from: Int, begins: Double, longest: UInt64)
  /// A rate is kept by dropping.
  case policing(from: Int, bytesPerSecond: Double, burst: Double)
  /// The delay changes at once, in turn between these.
  case routeChanges(from: Int, delays: [UInt64], every: UInt64)
  /// Somebody forges segments, from the address of device `from`.
  case forgery(from: Int, probability: Double)

  /// Whether segments arrive other than they were sent, so that only an observer at each end can judge.
  public var changesSegments: Bool {
    switch self {
    case .strippedOptions, .clampedSegmentSize, .movedNumbers, .forgery: true
    default: false
    }
  }
}

extension Pathology {
  /// Whether somebody may open connections in another's name.
  var forges: Bool {
    if case .forgery = self { true } else { false }
  }

  /// Whether nothing behind it sees whole segments.
  var cutsPackets: Bool {
    if case .fragmentation = self { true } else { false }
  }
}

extension SimulatedWire {
  /// Puts a box into the way of the first two devices' frames, behind those that are there.
  public func add(_ pathology: Pathology) {
    var numbers = splitNumbers()
    func place(_ stage: any PathStage, _ from: Int) { devices[from].stages.append(stage) }
    func placeBoth(_ stage: any PathStage) { for index in 0..<2 { place(stage, index) } }
    switch pathology {
    case .aggregation(let from, let nanoseconds, let thins):
      place(Aggregator(interval: nanoseconds, thins: thins), from)
    case .strippedOptions(let from, let kinds):
      let stage = OptionStripper(kinds)
      if let from { place(stage, from) } else { placeBoth(stage) }
    case .clampedSegmentSize(let size): placeBoth(OptionStripper([], maximumSegmentSize: size))
    case .movedNumbers(let index, let distance, let translatesSACK):
      placeBoth(SequenceMover(of: devices[index], by: distance, translatesSACK: translatesSACK))
    case .fragmentation(let from, let byteCount):
      place(NarrowLink(maximumTransmissionUnit: byteCount, manner: .fragments), from)
    case .reportedNarrowing(let from, let byteCount):
      place(NarrowLink(maximumTransmissionUnit: byteCount, manner: .reports), from)
    case .resegmentation(let from, let byteCount): place(Resegmenter(byteCount: byteCount), from)
    case .burstLoss(let from, let begins, let longest):
      place(BurstLoss(begins: begins, longest: longest, numbers: numbers.split()), from)
    case .policing(let from, let bytesPerSecond, let burst):
      place(Policer(bytesPerSecond: bytesPerSecond, burst: burst), from)
    case .routeChanges(let from, let delays, let interval):
      place(RouteChange(delays: delays, interval: interval), from)
    case .forgery(let from, let probability):
      place(Forger(probability: probability, numbers: numbers.split()), from)
    }
  }
}
