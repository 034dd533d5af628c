import Bytes
import Platform

/// A number that only grows.
public final class Counter {
  /// The count so far.
  public private(set) var value: UInt64 = 0

  /// Counts `amount` more.
  @inline(__always)
  public func increment(by amount: UInt64 = 1) { value &+= amount }
}

/// A distribution of durations over fixed bounds.
public final class Histogram {
  let bounds: [Double]
  var counts: [UInt64]
  var sumNanoseconds: Int64 = 0

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  /// Counts one duration.
  public func observe(_ duration: Duration) {
    let nanoseconds = duration.nanoseconds
    let seconds = Double(nanoseconds) / 1e9
    var index = 0
    while index < bounds.count && seconds > bounds[index] { index += 1 }
    counts[index] &+= 1
    sumNanoseconds &+= nanoseconds
  }
}

/// A service's numbers, as Prometheus reads them (text exposition format 0.0.4).
///
/// Series are made once, when a service starts; counting touches only the series.
public final class Metrics {
  /// Label names with their values. Values come from our own code, never from a client.
  public typealias Labels = [(name: String, value: String)]

  private enum Series {
    case counter(Counter)
    case gauge(() -> Double)
    case histogram(Histogram)
  }

  private struct Family {
    let name: String
    let help: String
    let type: String
    var series: [(labels: Labels, series: Series)]
  }

  private var families: [Family] = []
  private var networks: [any Network] = []

  /// No series yet.
  public init() {}

  /// A counter; by convention its name ends in `_total`.
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let counter = Counter()
    add(name, help, "counter", labels, .counter(counter))
    return counter
  }

  /// A number that is read when somebody asks.
  public func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping () -> Double) {
    add(name, help, "gauge", labels, .gauge(read))
  }

  /// A histogram of seconds; by convention its name ends in `_seconds`.
  public func histogram(
    _ name: String, _ help: String, _ labels: Labels = [],
    bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  ) -> Histogram {
    let histogram = Histogram(bounds: bounds)
    add(name, help, "histogram", labels, .histogram(histogram))
    return histogram
  }

  /// Shows what `network` counts behind the other series.
  public func include(_ network: any Network) { networks.append(network) }

  private func add(_ name: String, _ help: String, _ type: String, _ labels: Labels, _ series: Series) {
    // Most often it is the family that was added to last.
    if let index = families.lastIndex(where: { $0.name == name }) {
      families[index].series.append((labels, series))
    } else {
      families.append(Family(name: name, help: help, type: type, series: [(labels, series)]))
    }
  }

  /// All series as text. Content type: `text/plain; version=0.0.4; charset=utf-8`.
  public func exposition() -> [UInt8] {
    var text = ""
    for family in families {
      text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
      for (labels, series) in family.series {
        switch series {
        case .counter(let counter): line(&text, family.name, labels, "\(counter.value)")
        case .gauge(let read): line(&text, family.name, labels, number(read()))
        case .histogram(let histogram): lines(&text, family.name, labels, histogram)
        }
      }
    }
    for network in networks { append(network.figures, to: &text) }
    return Array(text.utf8)
  }

  /// Figures of one family stand together.
  private func append(_ figures: [NetworkFigure], to text: inout String) {
    var family = ""
    for figure in figures {
      let name = figure.name.description
      if name != family {
        family = name
        text += "# HELP \(name) \(figure.help)\n# TYPE \(name) \(figure.isCounter ? "counter" : "gauge")\n"
      }
      let labels = figure.label.map { [($0.name.description, $0.value.description)] } ?? []
      line(&text, name, labels.map { (name: $0.0, value: $0.1) }, "\(figure.value)")
    }
  }

  private func lines(_ text: inout String, _ name: String, _ labels: Labels, _ histogram: Histogram) {
    var total: UInt64 = 0
    for (index, count) in histogram.counts.enumerated() {
      total += count
      let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
      line(&text, name + "_bucket", labels + [("le", bound)], "\(total)")
    }
    line(&text, name + "_sum", labels, number(Double(histogram.sumNanoseconds) / 1e9))
    line(&text, name + "_count", labels, "\(total)")
  }

  private func line(_ text: inout String, _ name: String, _ labels: Labels, _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{"
      for (index, label) in labels.enumerated() {
        if index > 0 { text += "," }
        text += "\(label.name)=\"\(label.value)\""
      }
      text += "}"
    }
    text += " \(value)\n"
  }

  /// Whole numbers without a fraction: `7`, not `7.0`; others to nine digits behind the point, as time is counted.
  /// Without the standard library's shortest digits, which are 7 KB of an image.
  private func number(_ value: Double) -> String {
    guard value.magnitude < 9e9 else {
      return value.magnitude < 9e18 ? String(Int64(value)) : value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
    }
    let billionths = Int64((value * 1e9).rounded())
    let (whole, rest) = billionths.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    var text = (billionths < 0 ? "-" : "") + String(whole)
    guard rest > 0 else { return text }
    // A one before them keeps their zeros; those at the end say nothing.
    var digits = Array(String(rest + 1_000_000_000).utf8)
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    digits[0] = UInt8(ascii: ".")
    text += String(utf8: digits)
    return text
  }
}
