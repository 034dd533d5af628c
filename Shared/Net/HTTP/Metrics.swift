import Bytes
import Platform

/// A service's numbers, as Prometheus reads them (text exposition format 0.0.4).
///
/// Series are made once, when a service starts; counting touches only the series.
public final class Metrics {
  /// Label names with their values. Values come from our own code, never from a client.
  public typealias Labels = [(name: String, value: String)]

  private enum Series {
    case counter(Counter, Labels)
    case gauge(() -> Double, Labels)
    case counters(Counters)
    case histograms(Histograms)
  }

  private struct Family {
    let name: String
    let help: String
    let type: String
    var series: [Series]
  }

  private var families: [Family] = []
  private var networks: [any Network] = []

  /// No series yet.
  public init() {}

  /// A counter; by convention its name ends in `_total`.
  @inline(never)
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let counter = Counter()
    add(name, help, "counter", .counter(counter, labels))
    return counter
  }

  /// `count` counters of one family; `labels` names the one at an index.
  public func counters(
    _ name: String, _ help: String, count: Int, _ labels: @escaping (Int) -> Labels
  ) -> Counters {
    let counters = Counters(count, labels)
    add(name, help, "counter", .counters(counters))
    return counters
  }

  /// A number that is read when somebody asks.
  public func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping () -> Double) {
    add(name, help, "gauge", .gauge(read, labels))
  }

  /// `count` histograms of seconds, or one; by convention the family's name ends in `_seconds`. `labels` names the one at
  /// an index.
  public func histograms(
    _ name: String, _ help: String,
    bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    count: Int = 1, _ labels: @escaping (Int) -> Labels = { _ in [] }
  ) -> Histograms {
    let histograms = Histograms(count, bounds: bounds, labels)
    add(name, help, "histogram", .histograms(histograms))
    return histograms
  }

  /// Shows what `network` counts behind the other series.
  public func include(_ network: any Network) { networks.append(network) }

  @inline(never)
  private func add(_ name: String, _ help: String, _ type: String, _ series: Series) {
    // Most often it is the family that was added to last.
    if let index = families.lastIndex(where: { $0.name == name }) {
      families[index].series.append(series)
    } else {
      families.append(Family(name: name, help: help, type: type, series: [series]))
    }
  }

  /// All series as text. Content type: `text/plain; version=0.0.4; charset=utf-8`.
  public func exposition() -> [UInt8] {
    var text = ByteBuffer(capacity: 16 << 10)
    for family in families {
      text.append("# HELP ")
      text.append(utf8: family.name)
      text.append(" ")
      text.append(utf8: family.help)
      text.append("\n# TYPE ")
      text.append(utf8: family.name)
      text.append(" ")
      text.append(utf8: family.type)
      text.append("\n")
      for series in family.series { append(series, of: family.name, to: &text) }
    }
    for network in networks { append(network.figures, to: &text) }
    return text.array()
  }

  private func append(_ series: Series, of name: String, to text: inout ByteBuffer) {
    switch series {
    case .counter(let counter, let labels): line(&text, name, labels, counter.value.description)
    case .gauge(let read, let labels): line(&text, name, labels, number(read()))
    case .counters(let counters):
      for index in 0..<counters.count {
        line(&text, name, counters.labels(index), counters[index].description)
      }
    case .histograms(let histograms):
      for index in 0..<histograms.count { lines(&text, name, histograms, index) }
    }
  }

  /// Figures of one family stand together.
  private func append(_ figures: [NetworkFigure], to text: inout ByteBuffer) {
    var family: UnsafePointer<UInt8>?
    for figure in figures {
      if figure.family.utf8Start != family {
        family = figure.family.utf8Start
        text.append("# HELP ")
        text.append(figure.family)
        text.append("\n# TYPE ")
        appendName(of: figure, to: &text)
        text.append(figure.isCounter ? " counter\n" : " gauge\n")
      }
      appendName(of: figure, to: &text)
      if let label = figure.label {
        text.append("{")
        text.append(label.name)
        text.append("=\"")
        text.append(label.value)
        text.append("\"}")
      }
      text.append(" ")
      text.append(decimal: Int(clamping: figure.value))
      text.append("\n")
    }
  }

  @inline(never)
  private func appendName(of figure: NetworkFigure, to text: inout ByteBuffer) {
    figure.family.withUTF8Buffer { literal in
      // Safe: a literal's bytes are there for good.
      text.append(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(literal)).extracting(first: figure.nameByteCount))
    }
  }

  private func lines(_ text: inout ByteBuffer, _ name: String, _ histograms: Histograms, _ index: Int) {
    let labels = histograms.labels(index)
    var total: UInt64 = 0
    for place in 0...histograms.bounds.count {
      total += histograms.count(index, place)
      let bound = place < histograms.bounds.count ? number(histograms.bounds[place]) : "+Inf"
      line(&text, name + "_bucket", labels + [("le", bound)], total.description)
    }
    line(&text, name + "_sum", labels, number(histograms.seconds(index)))
    line(&text, name + "_count", labels, total.description)
  }

  @inline(never)
  private func line(_ text: inout ByteBuffer, _ name: String, _ labels: Labels, _ value: String) {
    text.append(utf8: name)
    var before: StaticString = "{"
    for label in labels {
      text.append(before)
      text.append(utf8: label.name)
      text.append("=\"")
      text.append(utf8: label.value)
      text.append("\"")
      before = ","
    }
    text.append(labels.isEmpty ? " " : "} ")
    text.append(utf8: value)
    text.append("\n")
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
