import Platform

/// The places of a loop's timers, the earliest first: a binary heap in an array.
///
/// Cost: adding and removing the first are O(log count), looking at it is O(1).
struct TimerHeap {
  private var entries: [TimerEntry] = []

  var count: Int { entries.count }

  /// The earliest.
  var first: TimerEntry? { entries.first }

  mutating func insert(_ entry: TimerEntry) {
    entries.append(entry)
    var place = entries.count - 1
    entries.withUnsafeMutableBufferPointer { entries in
      while place > 0, case let parent = (place - 1) / 2, entries[place].precedes(entries[parent]) {
        entries.swapAt(place, parent)
        place = parent
      }
    }
  }

  /// Removes the earliest; there must be one.
  mutating func removeFirst() {
    let last = entries.removeLast()
    guard !entries.isEmpty else { return }
    entries[0] = last
    sink(0)
  }

  /// Removes all but those that are to be kept. O(count).
  mutating func removeAll(but isKept: (TimerEntry) -> Bool) {
    var kept: [TimerEntry] = []
    for entry in entries where isKept(entry) { kept.append(entry) }
    entries = kept
    var place = kept.count / 2
    while place > 0 {
      place -= 1
      sink(place)
    }
  }

  /// Lets the entry at `start` change places with the earlier one below it until there is none.
  @inline(never)
  private mutating func sink(_ start: Int) {
    entries.withUnsafeMutableBufferPointer { entries in
      var place = start
      while true {
        var earliest = place
        let left = 2 * place + 1
        if left < entries.count, entries[left].precedes(entries[earliest]) { earliest = left }
        if left + 1 < entries.count, entries[left + 1].precedes(entries[earliest]) { earliest = left + 1 }
        guard earliest != place else { return }
        entries.swapAt(place, earliest)
        place = earliest
      }
    }
  }
}

/// One place in the loop's heap. Ties are broken by age, so timers of one moment fire in the order they were set.
struct TimerEntry {
  let deadline: Instant
  let sequence: UInt64
  let timer: Timer

  func precedes(_ other: TimerEntry) -> Bool {
    deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
  }
}
