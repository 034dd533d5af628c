import Platform

/// A number that only grows.
public final class Counter {
  /// The count so far.
  public private(set) var value: UInt64 = 0

  /// Counts `amount` more.
  @inline(__always)
  public func increment(by amount: UInt64 = 1) { value &+= amount }
}

/// Counters of one family, told apart by their labels: one allocation for all, and what they are called is made when
/// somebody reads them.
public final class Counters {
  private var values: [UInt64]
  let labels: (Int) -> Metrics.Labels

  init(_ count: Int, _ labels: @escaping (Int) -> Metrics.Labels) {
    values = Array(repeating: 0, count: count)
    self.labels = labels
  }

  /// How many there are.
  var count: Int { values.count }

  /// Counts one more at `index`.
  public func increment(_ index: Int) { values[index] &+= 1 }

  /// The count at `index` so far.
  public subscript(index: Int) -> UInt64 { values[index] }
}

/// Distributions of durations over fixed bounds, told apart by their labels.
public final class Histograms {
  let bounds: [Double]
  let labels: (Int) -> Metrics.Labels
  /// For each histogram one count more than there are bounds.
  private var counts: [UInt64]
  private var nanoseconds: [Int64]

  init(_ count: Int, bounds: [Double], _ labels: @escaping (Int) -> Metrics.Labels) {
    self.bounds = bounds
    self.labels = labels
    counts = Array(repeating: 0, count: count * (bounds.count + 1))
    nanoseconds = Array(repeating: 0, count: count)
  }

  /// How many there are.
  var count: Int { nanoseconds.count }

  /// Counts one duration in the histogram at `index`.
  public func observe(_ duration: Duration, _ index: Int = 0) {
    let nanoseconds = duration.nanoseconds
    let seconds = Double(nanoseconds) / 1e9
    var bound = 0
    while bound < bounds.count && seconds > bounds[bound] { bound += 1 }
    counts[index * (bounds.count + 1) + bound] &+= 1
    self.nanoseconds[index] &+= nanoseconds
  }

  /// How many durations of the histogram at `index` lay between the bound before `bound` and this one.
  func count(_ index: Int, _ bound: Int) -> UInt64 { counts[index * (bounds.count + 1) + bound] }

  /// The sum of the durations of the histogram at `index`.
  func seconds(_ index: Int) -> Double { Double(nanoseconds[index]) / 1e9 }
}
