// Gilbert, "Capacity of a burst-noise channel" (1960), and RFC 2697 before changing this file.

import Platform

/// Loss in bursts: a link that is good or bad. Good it loses nothing, bad nearly everything, for a while whose length
/// is drawn.
final class BurstLoss: PathStage {
  private let begins: Double
  private let longest: UInt64
  private var isBadUntil = Instant(nanoseconds: 0)
  private var numbers: SplitMix64

  /// Turns bad before a frame with probability `begins`, for up to `longest` nanoseconds.
  init(begins: Double, longest: UInt64, numbers: SplitMix64) {
    self.begins = begins
    self.longest = longest
    self.numbers = numbers
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    if hop.now >= isBadUntil && numbers.chance(begins) {
      isBadUntil = hop.now.advanced(byNanoseconds: numbers.below(longest) + 1)
    }
    if hop.now < isBadUntil && numbers.chance(0.9) { hop.drop(frame, "burst") } else { hop.pass(frame) }
  }
}

/// A rate that is kept by dropping, without a queue: a bucket of bytes that time fills.
final class Policer: PathStage {
  private let bytesPerSecond: Double
  private let burst: Double
  private var bytes: Double
  private var filledAt = Instant(nanoseconds: 0)

  /// Lets `bytesPerSecond` through, and `burst` bytes at once after a pause.
  init(bytesPerSecond: Double, burst: Double) {
    self.bytesPerSecond = bytesPerSecond
    self.burst = burst
    bytes = burst
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    let passed = Double(hop.now.nanoseconds - filledAt.nanoseconds) / 1e9
    bytes = min(burst, bytes + passed * bytesPerSecond)
    filledAt = hop.now
    guard bytes >= Double(frame.byteCount) else { return hop.drop(frame, "policed") }
    bytes -= Double(frame.byteCount)
    hop.pass(frame)
  }
}

/// A path whose delay changes at once, as another route has another length: what is sent after a change to a shorter
/// one overtakes what is on its way.
final class RouteChange: PathStage {
  private let delays: [UInt64]
  private let interval: UInt64

  /// Adds one of `delays` after the other, each for `interval` nanoseconds.
  init(delays: [UInt64], interval: UInt64) {
    self.delays = delays
    self.interval = interval
  }

  func take(_ frame: FrameBuffer, at hop: Hop) {
    let delay = delays[Int(hop.now.nanoseconds / interval) % delays.count]
    hop.pass(frame, at: hop.now.advanced(byNanoseconds: delay))
  }
}
