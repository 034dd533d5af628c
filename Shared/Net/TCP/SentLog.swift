// RFC 8985 §5.2 and §6.2 before changing this file.

import Platform
import Wire

/// What was sent and is not acknowledged, and when: runs of the sequence that were sent in one moment and met the same
/// fate. The burst of a turn is one run, so that there are far fewer of them than segments; kept with SACK only.
struct SentLog {
  /// Runs that are told apart while all goes well; beyond it the last one grows, as if all of it were just sent.
  static let maximumRunCount = 1024

  /// Room for runs that is kept while nothing is in flight.
  static let idleRunCapacity = 64

  /// What is known of a run.
  enum Fate { case inFlight, lost, received }

  /// Bytes, and FIN, that share all of this.
  struct Run {
    /// Behind the last one.
    var end: SequenceNumber
    /// When it was sent last.
    var sentAt: Instant
    /// What became of it.
    var fate: Fate
    /// Whether it was sent more than once.
    var isAgain: Bool
    /// Bytes of its segments. Between two that are shorter is one that is not, so that a part of as many bytes has one.
    /// 0 when they differ otherwise.
    var segmentByteCount: UInt16 = 0
  }

  /// In order and without gaps; those before `head` are gone.
  private var runs: [Run] = []
  private var firstIndex: Int32 = 0
  /// Where the first run begins.
  private var front = SequenceNumber(0)
  /// Of what is not acknowledged: reported by SACK.
  private(set) var receivedByteCount: Int {
    get { Int(received) }
    set { received = Int32(newValue) }
  }
  private var received: Int32 = 0
  /// Of what is not acknowledged: lost, and not sent again since.
  private(set) var lostByteCount: Int {
    get { Int(lost) }
    set { lost = Int32(newValue) }
  }
  private var lost: Int32 = 0

  /// The largest segment that SACK reports, of what is not acknowledged; 0 when none is known. What was reported before a
  /// larger one was is forgotten with that.
  private(set) var reportedSegmentByteCount: UInt16 = 0
  /// Behind it.
  private var reportedSegmentEnd = SequenceNumber(0)

  /// The size of the first segment that is not acknowledged, as it was last sent; 0 when it is not known.
  var frontSegmentByteCount: Int {
    head < runs.count ? min(Int(runs[head].segmentByteCount), length(head)) : 0
  }

  private var head: Int {
    get { Int(firstIndex) }
    set { firstIndex = Int32(newValue) }
  }

  /// Runs that are kept.
  var runCount: Int { runs.count - head }

  /// Nothing was sent yet; `number` is the first to come.
  mutating func begin(at number: SequenceNumber) { front = number }

  // MARK: Sending

  /// All from `start` to `end` went out in segments of `size` bytes. O(1) for what is new; O(runs) for what was sent
  /// before.
  mutating func transmitted(
    from start: SequenceNumber, to end: SequenceNumber, size: UInt16 = 0, at now: Instant
  ) {
    let last = runs.isEmpty ? front : runs[runs.count - 1].end
    if start < last { transmittedAgain(from: start, to: end < last ? end : last, size: size, at: now) }
    guard end > last else { return }
    if !runs.isEmpty {
      let index = runs.count - 1
      let isFull = runCount >= Self.maximumRunCount
      let usual = runs[index].segmentByteCount
      let isSame = size == usual || size < usual && length(index) % Int(usual) == 0
      if runs[index].fate == .inFlight, !runs[index].isAgain, isFull || runs[index].sentAt == now && isSame {
        runs[index].end = end
        runs[index].sentAt = now
        if !isSame { runs[index].segmentByteCount = 0 }
        return
      }
    }
    runs.append(Run(end: end, sentAt: now, fate: .inFlight, isAgain: false, segmentByteCount: size))
  }

  private mutating func transmittedAgain(
    from start: SequenceNumber, to end: SequenceNumber, size: UInt16, at now: Instant
  ) {
    guard start < end else { return }
    let low = split(at: start)
    let high = split(at: end)
    for index in low..<high where runs[index].fate != .received {
      if runs[index].fate == .lost { lostByteCount -= length(index) }
      runs[index].fate = .inFlight
      runs[index].sentAt = now
      runs[index].isAgain = true
      runs[index].segmentByteCount = size
    }
    join(low, high)
  }

  // MARK: Acknowledgements

  /// Everything before `number` is acknowledged. O(runs that are).
  mutating func acknowledge(_ number: SequenceNumber, _ rack: inout Rack) {
    while head < runs.count, front < number {
      let run = runs[head]
      let end = run.end < number ? run.end : number
      switch run.fate {
      case .received: receivedByteCount -= end - front
      case .lost: lostByteCount -= end - front
      case .inFlight: break
      }
      if run.fate != .received { rack.delivered(run, upTo: end) }
      front = end
      if run.end > number { break }
      head += 1
    }
    if reportedSegmentEnd <= number { reportedSegmentByteCount = 0 }
    if head == runs.count {
      // A connection that is idle now shall not hold what its busiest time took.
      runs.removeAll(keepingCapacity: runs.capacity <= Self.idleRunCapacity)
      head = 0
      front = number
    } else if head >= 32, head * 2 > runs.count {
      runs.removeSubrange(0..<head)
      head = 0
    }
  }

  /// A SACK block says that `start` to `end` arrived; both lie within what was sent. O(runs).
  mutating func report(from start: SequenceNumber, to end: SequenceNumber, _ rack: inout Rack) {
    let start = start < front ? front : start
    guard start < end else { return }
    let low = split(at: start)
    let high = split(at: end)
    for index in low..<high where runs[index].fate != .received {
      let run = runs[index]
      let byteCount = length(index)
      if run.fate == .lost { lostByteCount -= byteCount }
      receivedByteCount += byteCount
      rack.delivered(run, upTo: run.end)
      runs[index].fate = .received
      // Of a part that is shorter than a segment the size is not known.
      let size = run.segmentByteCount
      if size >= reportedSegmentByteCount, byteCount >= Int(size) {
        reportedSegmentByteCount = size
        reportedSegmentEnd = run.end
      }
    }
    join(low, high)
  }

  // MARK: Losses

  /// RACK_detect_loss (RFC 8985 §6.2, step 5): what was sent so long before something that has arrived is lost. Returns
  /// whether anything is lost by now, and when to look again.
  mutating func findLosses(_ rack: Rack, window: UInt64, at now: Instant) -> (found: Bool, next: Instant) {
    var found = false
    var next = Instant.never
    for index in head..<runs.count where runs[index].fate == .inFlight && rack.isAfter(runs[index]) {
      let due = runs[index].sentAt.advanced(byNanoseconds: rack.roundTrip + window)
      if due <= now {
        runs[index].fate = .lost
        lostByteCount += length(index)
        found = true
      } else if due < next {
        next = due
      }
    }
    return (found, next)
  }

  /// The RTO passed: all is lost that was not reported (RFC 8985 §6.3 asks for less; RFC 6298 §5.4). When the peer
  /// threw away what it had reported, that is lost, too.
  @inline(never)
  mutating func loseAll(reported: Bool) {
    if reported {
      receivedByteCount = 0
      reportedSegmentByteCount = 0
    }
    lostByteCount = 0
    for index in head..<runs.count where runs[index].fate != .received || reported {
      runs[index].fate = .lost
      lostByteCount += length(index)
    }
  }

  /// What counts as lost, and was not sent again since, is in the network after all.
  mutating func undoLosses() {
    lostByteCount = 0
    for index in head..<runs.count where runs[index].fate == .lost { runs[index].fate = .inFlight }
  }

  /// The first bytes count as lost, as the peer would not take them.
  mutating func loseFront() {
    guard head < runs.count, runs[head].fate == .inFlight else { return }
    runs[head].fate = .lost
    lostByteCount += length(head)
  }

  /// The first run of all that is lost and to be sent again.
  var firstLost: SACKBlock? {
    guard lostByteCount > 0 else { return nil }
    for index in head..<runs.count where runs[index].fate == .lost {
      return SACKBlock(start: start(index), end: runs[index].end)
    }
    return nil
  }

  /// Whether what stands at `number` is lost.
  func isLost(at number: SequenceNumber) -> Bool {
    for index in head..<runs.count where runs[index].end > number { return runs[index].fate == .lost }
    return false
  }

  // MARK: Runs

  private func start(_ index: Int) -> SequenceNumber { index == head ? front : runs[index - 1].end }

  private func length(_ index: Int) -> Int { runs[index].end - start(index) }

  /// Cuts the run that holds `number` in two there; returns the place of the one that begins with it.
  private mutating func split(at number: SequenceNumber) -> Int {
    var index = head
    while index < runs.count, runs[index].end <= number { index += 1 }
    guard index < runs.count, start(index) < number else { return index }
    var left = runs[index]
    left.end = number
    runs.insert(left, at: index)
    return index + 1
  }

  /// Makes one of neighbours that do not differ any more, from the one before `low` to the one at `high`.
  private mutating func join(_ low: Int, _ high: Int) {
    var index = min(high, runs.count - 1)
    while index > max(head, low - 1) {
      let (left, right) = (runs[index - 1], runs[index])
      let isSame =
        left.fate == right.fate
        && (left.fate == .received
          || left.sentAt == right.sentAt && left.isAgain == right.isAgain
            && left.segmentByteCount == right.segmentByteCount)
      if isSame { runs.remove(at: index - 1) }
      index -= 1
    }
  }
}
