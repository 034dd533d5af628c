import Bytes
import Platform

/// A service's numbers, as Prometheus reads them (text exposition format 0.0.4).
///
/// Series are made once, when a service starts; counting touches only the series.
public final class Metrics {
  /// Label names with their values. Values come from our own code, never from a client.
  public typealias Labels = [(name: String, value: String)]

  /// In the order of their making; those of one family are put together when somebody reads.
  private var series: [Series] = []
  private var networks: [Series] = []

  /// No series yet.
  public init() {}

  /// A counter; by convention its name ends in `_total`.
  @inline(never)
  public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
    let counter = Counter(name, help, labels)
    series.append(counter)
    return counter
  }

  /// `count` counters of one family; `labels` names the one at an index.
  public func counters(
    _ name: String, _ help: String, count: Int, _ labels: @escaping (Int) -> Labels
  ) -> Counters {
    let counters = Counters(name, help, count, labels)
    series.append(counters)
    return counters
  }

  /// A number that is read when somebody asks.
  public func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping () -> Double) {
    series.append(Gauge(name, help, labels, read))
  }

  /// `count` histograms of seconds, or one; by convention the family's name ends in `_seconds`. `labels` names the one at
  /// an index.
  public func histograms(
    _ name: String, _ help: String,
    bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    count: Int = 1, _ labels: @escaping (Int) -> Labels = { _ in [] }
  ) -> Histograms {
    let histograms = Histograms(name, help, count, bounds: bounds, labels)
    series.append(histograms)
    return histograms
  }

  /// Shows what `network` counts behind the other series.
  public func include(_ network: any Network) { networks.append(NetworkSeries(network)) }

  /// All series as text. Content type: `text/plain; version=0.0.4; charset=utf-8`.
  public func exposition() -> [UInt8] {
    var text = Exposition()
    var isWritten = [UInt8](repeating: 0, count: series.count)
    for index in series.indices where isWritten[index] == 0 {
      let first = series[index]
      text.begin(first.name, first.help, first.type)
      for place in index..<series.count where isWritten[place] == 0 && series[place].name == first.name {
        series[place].write(into: &text)
        isWritten[place] = 1
      }
    }
    for network in networks { network.write(into: &text) }
    return text.bytes
  }
}
