import Platform

/// What a cable does to the frames that one device sends into it. Probabilities are 0...1 and decided for each frame on
/// its own by the wire's seed; the default is a cable that does nothing.
public struct Impairments: Sendable {
  /// Probability that a frame vanishes.
  public var loss = 0.0
  /// How long every frame takes, beside `bitsPerSecond`.
  public var delayNanoseconds: UInt64 = 0
  /// Up to so much is added, evenly distributed; frames stay in order.
  public var jitterNanoseconds: UInt64 = 0
  /// Probability that a frame is held back while later ones overtake it.
  public var reorder = 0.0
  /// For how long at most.
  public var reorderNanoseconds: UInt64 = 2_000_000
  /// Probability that a frame arrives twice, the second time up to `reorderNanoseconds` later.
  public var duplication = 0.0
  /// Probability that bits of one byte of an IPv4 frame flip: half the time in its first 60 bytes, where the headers
  /// are, else anywhere. Behind the Ethernet header only: what is before it, and frames without a checksum of their
  /// own (ARP), the link's frame check sequence protects; such a frame vanishes instead.
  public var corruption = 0.0
  /// IP packets over this vanish: a link in the middle that is narrower than the device's.
  public var maximumTransmissionUnit = Int.max
  /// The link's rate; 0 is unlimited.
  public var bitsPerSecond: UInt64 = 0
  /// Bytes that wait for the link, at most; a frame that finds more is dropped. Means something with a rate only.
  public var queueByteLimit = 256 * 1_024
  /// While one of these lasts, every frame vanishes.
  public var outages: [Range<Instant>] = []

  /// A cable that does nothing.
  public init() {}

  /// Whether frames are handed over as they are, in the same turn.
  var isClean: Bool {
    loss == 0 && delayNanoseconds == 0 && jitterNanoseconds == 0 && reorder == 0 && duplication == 0
      && corruption == 0 && maximumTransmissionUnit == Int.max && bitsPerSecond == 0 && outages.isEmpty
  }
}

/// Where frames went.
public struct WireFigures: Equatable, Sendable {
  /// Frames that devices sent.
  public var sent = 0
  /// Bytes of these.
  public var sentBytes = 0
  /// Frames that came to a device, copies of duplicated and flooded ones too.
  public var delivered = 0
  /// Lost by probability.
  public var lost = 0
  /// Lost in an outage.
  public var cutOff = 0
  /// Too large for the link.
  public var oversized = 0
  /// The link's queue was full.
  public var queueDropped = 0
  /// A script dropped it.
  public var scripted = 0
  /// The frame check sequence caught flipped bits.
  public var frameCheckDropped = 0
  /// The receiver took no frames out for too long.
  public var overrun = 0
  /// A box on the way dropped it, cut it up or merged it.
  public var droppedInPath = 0
  /// Nobody has the destination address.
  public var unroutable = 0
  /// Delivered with flipped bits.
  public var corrupted = 0
  /// Delivered twice.
  public var duplicated = 0
  /// Held back.
  public var reordered = 0
}
