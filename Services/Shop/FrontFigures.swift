import HTTP
import Platform

/// A front's counters and histograms. All series are made at start, so counting is one addition.
final class FrontFigures {
  /// By rule and status class: 2xx, 3xx, 4xx, 5xx; the last four are for paths that nobody serves, and for health.
  private var counters: [Counter] = []
  private var histograms: [Histogram] = []

  init(_ metrics: Metrics, _ rules: [(method: String, template: String)]) {
    counters.reserveCapacity(4 * (rules.count + 1))
    histograms.reserveCapacity(rules.count)
    for rule in rules + [(method: "-", template: "-")] {
      for statusClass in ["2xx", "3xx", "4xx", "5xx"] {
        counters.append(
          metrics.counter(
            "souk_requests_total", "Requests answered.",
            [("method", rule.method), ("route", rule.template), ("status", statusClass)]))
      }
    }
    let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5]
    for rule in rules {
      histograms.append(
        metrics.histogram(
          "souk_request_seconds", "Time from a request's head to its answer.",
          [("method", rule.method), ("route", rule.template)],
          bounds: bounds))
    }
  }

  /// The counter of one rule (nil: of no rule) and status.
  func counter(rule: Int?, status: UInt16) -> Counter {
    let place = rule.map { $0 < histograms.count ? $0 : histograms.count } ?? histograms.count
    let statusClass = min(max(Int(status) / 100, 2), 5) - 2
    return counters[place * 4 + statusClass]
  }

  func count(rule: Int?, status: UInt16, duration: Duration) {
    counter(rule: rule, status: status).increment()
    if let rule { histograms[rule].observe(duration) }
  }
}
