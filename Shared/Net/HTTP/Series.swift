import Bytes
import Platform

/// Numbers of one family. A class and not one enum of all kinds: each writes itself, and lists of objects share code.
public class Series {
  /// The family's name, what it says of itself, and its type.
  final let name, help: String
  final let type: StaticString

  init(_ name: String, _ help: String, _ type: StaticString) {
    self.name = name
    self.help = help
    self.type = type
  }

  /// Writes the lines of these numbers.
  func write(into text: inout Exposition) {}
}

/// A number that only grows.
public final class Counter: Series {
  /// The count so far.
  public private(set) var value: UInt64 = 0
  private let labels: Metrics.Labels

  init(_ name: String, _ help: String, _ labels: Metrics.Labels) {
    self.labels = labels
    super.init(name, help, "counter")
  }

  override func write(into text: inout Exposition) { text.line(name, labels, value) }

  /// Counts `amount` more.
  @inline(__always)
  public func increment(by amount: UInt64 = 1) { value &+= amount }
}

/// Counters of one family, told apart by their labels: one allocation for all, and what they are called is made when
/// somebody reads them.
public final class Counters: Series {
  private var values: [UInt64]
  private let labels: (Int) -> Metrics.Labels

  init(_ name: String, _ help: String, _ count: Int, _ labels: @escaping (Int) -> Metrics.Labels) {
    values = Array(repeating: 0, count: count)
    self.labels = labels
    super.init(name, help, "counter")
  }

  override func write(into text: inout Exposition) {
    for index in values.indices { text.line(name, labels(index), values[index]) }
  }

  /// Counts one more at `index`.
  public func increment(_ index: Int) { values[index] &+= 1 }

  /// The count at `index` so far.
  public subscript(index: Int) -> UInt64 { values[index] }
}

/// Distributions of durations over fixed bounds, told apart by their labels.
public final class Histograms: Series {
  private let bounds: [Double]
  private let labels: (Int) -> Metrics.Labels
  /// For each histogram one count more than there are bounds.
  private var counts: [UInt64]
  private var nanoseconds: [Int64]

  init(
    _ name: String, _ help: String, _ count: Int, bounds: [Double],
    _ labels: @escaping (Int) -> Metrics.Labels
  ) {
    self.bounds = bounds
    self.labels = labels
    counts = Array(repeating: 0, count: count * (bounds.count + 1))
    nanoseconds = Array(repeating: 0, count: count)
    super.init(name, help, "histogram")
  }

  /// Counts one duration in the histogram at `index`.
  public func observe(_ duration: Duration, _ index: Int = 0) {
    let nanoseconds = duration.nanoseconds
    let seconds = Double(nanoseconds) / 1e9
    var bound = 0
    while bound < bounds.count && seconds > bounds[bound] { bound += 1 }
    counts[index * (bounds.count + 1) + bound] &+= 1
    self.nanoseconds[index] &+= nanoseconds
  }

  override func write(into text: inout Exposition) {
    for index in nanoseconds.indices { write(index, into: &text) }
  }

  private func write(_ index: Int, into text: inout Exposition) {
    let labels = labels(index)
    var total: UInt64 = 0
    for place in 0...bounds.count {
      total += counts[index * (bounds.count + 1) + place]
      text.line(
        name, suffix: "_bucket", labels, bound: place < bounds.count ? bounds[place] : .infinity, total)
    }
    text.line(name, suffix: "_sum", labels, Double(nanoseconds[index]) / 1e9)
    text.line(name, suffix: "_count", labels, total)
  }
}

/// A number that is read when somebody asks.
final class Gauge: Series {
  private let labels: Metrics.Labels
  private let read: () -> Double

  init(_ name: String, _ help: String, _ labels: Metrics.Labels, _ read: @escaping () -> Double) {
    self.labels = labels
    self.read = read
    super.init(name, help, "gauge")
  }

  override func write(into text: inout Exposition) { text.line(name, labels, read()) }
}

/// What a network counts: families of their own.
final class NetworkSeries: Series {
  private let network: any Network

  init(_ network: any Network) {
    self.network = network
    super.init("", "", "")
  }

  override func write(into text: inout Exposition) { text.append(network.figures) }
}
