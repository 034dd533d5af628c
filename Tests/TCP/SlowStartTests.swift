import Platform
import Testing

@testable import TCP

@Suite struct `HyStart++ (RFC 9406)` {
  private static let segment = 1000
  private static let millisecond: UInt64 = 1_000_000

  /// A round trip: what `window` holds is acknowledged segment by segment, each after `roundTrip` milliseconds.
  private func round(_ start: inout SlowStart, _ window: inout Int, _ roundTrip: UInt64) {
    for _ in 0..<window / Self.segment {
      window = start.grow(window, by: Self.segment, roundTrip: roundTrip * Self.millisecond)
    }
  }

  /// Slow start in which round trips of 50 ms have become longer, and the window then.
  private func conservative() -> (SlowStart, Int) {
    var start = SlowStart()
    var window = 10 * Self.segment
    for _ in 0..<3 { round(&start, &window, 50) }
    let before = window
    round(&start, &window, 60)
    // All of the first eight or so, then a quarter.
    #expect(window - before < before / 2)
    return (start, window)
  }

  @Test func `doubles the window while round trips are as short as ever`() {
    var start = SlowStart()
    var window = 10 * Self.segment
    for _ in 0..<10 { round(&start, &window, 50) }
    #expect(window == 10 * 1024 * Self.segment && start.threshold == .max)
  }

  @Test func `is slower when they become longer, and over after five rounds (§4.2)`() {
    var (start, window) = conservative()
    for _ in 0..<3 {
      let before = window
      round(&start, &window, 60)
      #expect(window - before <= before / 4 + Self.segment)
      #expect(start.threshold == .max)
    }
    for _ in 0..<2 { round(&start, &window, 60) }
    #expect(start.threshold <= window && start.threshold > 200 * Self.segment)
  }

  @Test func `goes on when they are short again (§4.2)`() {
    var (start, window) = conservative()
    round(&start, &window, 50)
    let before = window
    round(&start, &window, 50)
    #expect(window > 2 * before - Self.segment && start.threshold == .max)
  }

  @Test(arguments: [
    (1, 4, false), (1, 5, true), (50, 56, false), (50, 57, true), (400, 415, false), (400, 416, true),
  ])
  func `takes an eighth for longer, 4 ms at least and 16 ms at most (§4.3)`(
    before: UInt64, after: UInt64, isLonger: Bool
  ) {
    var start = SlowStart()
    var window = 20 * Self.segment
    round(&start, &window, before)
    round(&start, &window, before)
    let last = window
    round(&start, &window, after)
    #expect((window < 2 * last) == isLonger)
  }

  @Test func `does not judge by fewer than eight round trips, and not at all without`() {
    var start = SlowStart()
    var window = 4 * Self.segment
    round(&start, &window, 50)
    for _ in 0..<7 { window = start.grow(window, by: Self.segment, roundTrip: 90 * Self.millisecond) }
    #expect(window == 15 * Self.segment)
    for _ in 0..<4 { round(&start, &window, 0) }
    #expect(window == 16 * 15 * Self.segment)
  }

  @Test func `is for the first time only: then ssthresh is known`() {
    var start = SlowStart()
    start.threshold = 100 * Self.segment
    var window = 10 * Self.segment
    for roundTrip in 1...6 as ClosedRange<UInt64> { round(&start, &window, 50 * roundTrip) }
    #expect(window == 100 * Self.segment)
  }
}
