import Bytes
import HTTP
import HTTPCore
import Platform

/// A front's counters and histograms. All series are made at start, so counting is one addition.
final class FrontFigures {
  /// By rule and status class: 2xx, 3xx, 4xx, 5xx; the last four are for paths that nobody serves, and for health.
  let counters: Counters
  private let histograms: Histograms
  private let ruleCount: Int

  init(_ metrics: Metrics, _ rules: [HTTPCore.Route<Int>]) {
    let ruleCount = rules.count
    self.ruleCount = ruleCount
    func labels(_ rule: Int) -> Metrics.Labels {
      guard rule < ruleCount else { return [("method", "-"), ("route", "-")] }
      return [("method", rules[rule].method.name.description), ("route", rules[rule].template.description)]
    }
    counters = metrics.counters("souk_requests_total", "Requests answered.", count: 4 * (ruleCount + 1)) {
      labels($0 / 4) + [("status", String($0 % 4 + 2) + "xx")]
    }
    histograms = metrics.histograms(
      "souk_request_seconds", "Time from a request's head to its answer.",
      bounds: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5], count: ruleCount, labels)
  }

  /// The place of the counter of one rule (nil: of no rule) and status.
  func place(rule: Int?, status: UInt16) -> Int {
    min(rule ?? ruleCount, ruleCount) * 4 + min(max(Int(status) / 100, 2), 5) - 2
  }

  func count(rule: Int?, status: UInt16, duration: Duration) {
    counters.increment(place(rule: rule, status: status))
    if let rule { histograms.observe(duration, rule) }
  }
}
