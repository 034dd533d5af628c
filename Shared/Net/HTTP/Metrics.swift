import Bytes
import Platform

/// A service's numbers, as Prometheus reads them (text exposition format 0.0.4).
///
/// Series are made once, when a service starts; counting touches only the series.
public final class Metrics {
  /// Label names with their values. Values come from our own code, never from a client.
  public typealias Labels = [(name: String, value: String)]

  private final class Family {
    let name: String
    let help: String
    let type: StaticString
    var series: [Series] = []

    init(_ name: String, _ help: String, _ type: StaticString) {
      self.name = name
      self.help = help
      self.type = type
    }
  }

  private var families: [Family] = []
  private var networks: [Series] = []

  /// No series yet.
  public init() {}

  /// A counter; by convention its name ends in `_total`.
  @inline(never)
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let counter = Counter(labels)
    add(name, help, "counter", counter)
    return counter
  }

  /// `count` counters of one family; `labels` names the one at an index.
  public func counters(
    _ name: String, _ help: String, count: Int, _ labels: @escaping (Int) -> Labels
  ) -> Counters {
    let counters = Counters(count, labels)
    add(name, help, "counter", counters)
    return counters
  }

  /// A number that is read when somebody asks.
  public func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping () -> Double) {
    add(name, help, "gauge", Gauge(labels, read))
  }

  /// `count` histograms of seconds, or one; by convention the family's name ends in `_seconds`. `labels` names the one at
  /// an index.
  public func histograms(
    _ name: String, _ help: String,
    bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    count: Int = 1, _ labels: @escaping (Int) -> Labels = { _ in [] }
  ) -> Histograms {
    let histograms = Histograms(count, bounds: bounds, labels)
    add(name, help, "histogram", histograms)
    return histograms
  }

  /// Shows what `network` counts behind the other series.
  public func include(_ network: any Network) { networks.append(NetworkSeries(network)) }

  @inline(never)
  private func add(_ name: String, _ help: String, _ type: StaticString, _ series: Series) {
    // Most often it is the family that was added to last.
    if let index = families.lastIndex(where: { $0.name == name }) {
      families[index].series.append(series)
    } else {
      let family = Family(name, help, type)
      family.series.append(series)
      families.append(family)
    }
  }

  /// All series as text. Content type: `text/plain; version=0.0.4; charset=utf-8`.
  public func exposition() -> [UInt8] {
    var text = Exposition()
    for family in families {
      text.begin(family.name, family.help, family.type)
      for series in family.series { series.write(family.name, into: &text) }
    }
    for network in networks { network.write("", into: &text) }
    return text.bytes
  }
}
