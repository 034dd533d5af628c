import Platform
import Testing

@testable import NetworkStack

@Suite struct `A token bucket` {
  @Test func `allows its burst at once and no more`() {
    var bucket = TokenBucket(burst: 3, perSecond: 10)
    #expect((0..<5).map { _ in bucket.take(at: at(seconds: 1)) } == [true, true, true, false, false])
    #expect(bucket.refusedCount == 2)
  }

  @Test func `allows one more after each interval of its rate`() {
    var bucket = TokenBucket(burst: 1, perSecond: 10)
    let taken = (0..<10).map { bucket.take(at: at(milliseconds: $0 * 50)) }
    #expect(taken == [true, false, true, false, true, false, true, false, true, false])
  }

  @Test func `saves up no more than its burst however long nobody asks`() {
    var bucket = TokenBucket(burst: 2, perSecond: 1)
    #expect(bucket.take(at: at(seconds: 0)) == true)
    #expect((0..<3).map { _ in bucket.take(at: at(seconds: 1_000_000)) } == [true, true, false])
  }

  @Test func `keeps to its rate over a long flood`() {
    var bucket = TokenBucket(burst: 5, perSecond: 100)
    var count = 0
    for millisecond in 0..<10_000 where bucket.take(at: at(milliseconds: millisecond)) { count += 1 }
    #expect(count == 5 + 999)
  }

  @Test func `does not trap at the end of time`() {
    var bucket = TokenBucket(burst: 2, perSecond: 1)
    #expect(bucket.take(at: .never) == true)
    #expect(bucket.take(at: .never) == true)
  }
}
