import Platform
import Testing

@testable import TCP

@Suite struct `CUBIC (RFC 9438)` {
  private static let segment = 1000

  /// A window of `segmentCount` segments that met a loss with all of it in flight, and repaired it.
  private func afterLoss(_ segmentCount: Int) -> CongestionController {
    var cubic = CongestionController(
      segmentByteCount: Self.segment, initialWindow: segmentCount * Self.segment)
    cubic.foundLoss(inFlight: segmentCount * Self.segment)
    cubic.repairedLoss()
    return cubic
  }

  private func milliseconds(_ count: Int) -> Instant { Instant(nanoseconds: UInt64(count) * 1_000_000) }

  /// A path of `roundTrip` milliseconds, from `start` to `end`: in each round trip the window is acknowledged, segment
  /// by segment. Returns the window at the end of each round.
  @discardableResult
  private func run(_ cubic: inout CongestionController, from start: Int = 0, to end: Int, roundTrip: Int)
    -> [Int]
  {
    var windows: [Int] = []
    var now = start
    while now < end {
      for _ in 0..<cubic.window / Self.segment {
        cubic.acknowledged(
          Self.segment, isLimiting: true, at: milliseconds(now), smoothed: UInt64(roundTrip) * 1_000_000,
          latest: 0)
      }
      now += roundTrip
      windows.append(cubic.window)
    }
    return windows
  }

  @Test func `takes cubic roots exactly`() {
    for root in [0, 1, 2, 3, 999, 1000, 65_535, 2_642_244, 2_642_245] as [UInt64] {
      let cube = root * root * root
      #expect(Cubic.cubicRoot(cube) == root)
      if root > 0 { #expect(Cubic.cubicRoot(cube - 1) == root - 1) }
    }
    #expect(Cubic.cubicRoot(.max) == 2_642_245)
  }

  @Test func `falls to 0.7 of what is in flight, to no less than two segments (§4.6)`() {
    #expect(afterLoss(100).window == 70 * Self.segment)
    #expect(afterLoss(2).window == 2 * Self.segment)
    #expect(afterLoss(1).window == 2 * Self.segment)
  }

  @Test func `grows in slow start by what is acknowledged`() {
    var cubic = CongestionController(segmentByteCount: Self.segment, initialWindow: 10_000)
    cubic.acknowledged(3000, isLimiting: true, at: milliseconds(0), smoothed: 0, latest: 0)
    #expect(cubic.window == 13_000)
    cubic.acknowledged(3000, isLimiting: false, at: milliseconds(0), smoothed: 0, latest: 0)
    #expect(cubic.window == 13_000)
  }

  @Test func `follows W_cubic: back at W_max after K, flat around it, steep behind it (§4.2)`() {
    var cubic = afterLoss(1000)
    // K = cubic root of 300 / 0.4, in seconds.
    let windows = run(&cubic, to: 20_000, roundTrip: 100)
    for (round, window) in windows.enumerated() {
      let distance = Double(round + 1) * 0.1 - 9.0856
      let expected = 1000 + 0.4 * distance * distance * distance
      // The window goes towards the curve as ACKs come: it is up to a round trip behind.
      #expect(abs(Double(window) / 1000 - expected) < 12, "after \(round + 1) round trips")
    }
    #expect((995...1000).contains(windows[90] / 1000))
    #expect(windows[110] - windows[70] < 10_000)
    #expect(windows[190] > 1_300_000)
    #expect(zip(windows, windows.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func `grows by no more than half in a round trip, however far the curve is ahead (§4.2)`() {
    var cubic = afterLoss(100)
    run(&cubic, to: 10, roundTrip: 10)
    let before = cubic.window
    run(&cubic, from: 100_000, to: 100_001, roundTrip: 1)
    #expect(cubic.window > before * 13 / 10 && cubic.window <= before * 3 / 2 + Self.segment)
  }

  @Test func `is no slower than Reno on a short path, and as fast once the window is what it was (§4.3)`() {
    var cubic = afterLoss(20)
    #expect(cubic.window == 14_000)
    // Alpha is 9/17 segments for each round trip: six segments take a good eleven.
    let windows = run(&cubic, to: 40, roundTrip: 1)
    #expect(windows[10] >= 19_000 && windows[10] < 20_000)
    #expect((19_700...20_300).contains(windows[11]))
    // And then one segment for each.
    #expect((9_000...11_000).contains(windows[23] - windows[13]))
  }

  @Test func `lost below the last plateau leaves room to others (fast convergence, §4.7)`() {
    var cubic = afterLoss(100)
    #expect(cubic.cubic.plateau == 100_000)
    cubic.foundLoss(inFlight: 70_000)
    #expect(cubic.cubic.plateau == 70_000 * 17 / 20)
    var other = CongestionController(segmentByteCount: Self.segment, initialWindow: 100_000)
    other.foundLoss(inFlight: 100_000)
    other.repairedLoss()
    run(&other, to: 10_000, roundTrip: 50)
    let window = other.window
    #expect(window > 100_000)
    other.foundLoss(inFlight: window)
    #expect(other.cubic.plateau == window)
  }

  @Test func `begins with one segment after RTO, and its curve where avoidance begins (§4.8)`() {
    var cubic = CongestionController(segmentByteCount: Self.segment, initialWindow: 100_000)
    cubic.timedOut(inFlight: 100_000, isRepeated: false)
    #expect(cubic.window == Self.segment)
    // A second RTO for the same data does not reduce ssthresh again.
    cubic.timedOut(inFlight: 1000, isRepeated: true)
    for _ in 0..<69 { cubic.acknowledged(1000) }
    #expect(cubic.window == 70_000)
    cubic.acknowledged(1000)
    #expect(cubic.cubic.plateau == 70_000 && cubic.window < 71_000)
    // K is 0: 0.4 * 5^3 segments above it after five seconds.
    run(&cubic, to: 5_000, roundTrip: 100)
    #expect((112_000...122_000).contains(cubic.window))
  }

  @Test func `does not count the time in which the program was what limits (§5.8)`() {
    var steady = afterLoss(1000)
    var pausing = afterLoss(1000)
    run(&steady, to: 4_000, roundTrip: 100)
    run(&pausing, to: 2_000, roundTrip: 100)
    for now in stride(from: 2_000, through: 62_000, by: 100) {
      pausing.acknowledged(1000, isLimiting: false, at: milliseconds(now), smoothed: 100_000_000, latest: 0)
    }
    run(&pausing, from: 62_100, to: 64_100, roundTrip: 100)
    #expect(abs(pausing.window - steady.window) < 10_000)
  }

  @Test func `begins with the initial window again when nothing was sent for an RTO`() {
    var cubic = CongestionController(segmentByteCount: Self.segment, initialWindow: 10_000)
    for _ in 0..<90 { cubic.acknowledged(1000) }
    cubic.wasIdle()
    #expect(cubic.window == 10_000)
  }

  @Test func `is what a connection has, unless its stack chooses NewReno`() throws {
    for (algorithm, after) in [(CongestionAlgorithm.cubic, 14), (.newReno, 10)] {
      var configuration = Configuration()
      configuration.congestionAlgorithm = algorithm
      configuration.initialWindowSegmentCount = 20
      let script = try Script.established(.init(scale: 7), configuration)
      script.write(20 * 1460)
      for _ in 1...3 { try script.ack(1) }
      #expect(script.connection.congestionWindowByteCount == after * 1460)
    }
    #expect(Configuration().congestionAlgorithm == .cubic)
  }
}
