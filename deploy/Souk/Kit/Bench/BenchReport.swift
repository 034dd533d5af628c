import Foundation

/// What a benchmark found.
struct BenchReport: Encodable {
  /// One server at one number of connections.
  struct Series: Encodable {
    var server: String
    var connections: Int
    /// Requests per second, one figure per round.
    var samples: [Double]
    /// Of the round with the median.
    var latency99Microseconds: Double

    var median: Double { BenchReport.median(samples) }
    /// How far apart the rounds lie, as a part of the median.
    var spread: Double { median > 0 ? ((samples.max() ?? 0) - (samples.min() ?? 0)) / median : 0 }
  }

  struct Ratio: Encodable {
    var server: String
    var beside: String
    var connections: Int
    /// The median of the rounds' ratios: both servers of a round met the same machine.
    var median: Double
    var lowest: Double
    var highest: Double
  }

  var date: String
  var processor: String
  var cores: Int
  var isPinned: Bool
  var wrk: String
  var nginx: String
  var rounds: Int
  var secondsPerMeasurement: Int
  var bodyByteCount: Int
  var fieldCount: Int
  /// Proportional set size of the four idle processes together.
  var idleMemoryByteCount: Int
  var memoryAfterByteCount: Int
  var series: [Series]
  var ratios: [Ratio]

  static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The ratios of `server` to `beside`, round by round.
  static func ratio(_ server: String, to beside: String, _ connections: Int, in series: [Series]) -> Ratio {
    func samples(_ name: String) -> [Double] {
      series.first { $0.server == name && $0.connections == connections }?.samples ?? []
    }
    let ratios = zip(samples(server), samples(beside)).map { $1 > 0 ? $0 / $1 : 0 }
    return Ratio(
      server: server, beside: beside, connections: connections, median: median(ratios),
      lowest: ratios.min() ?? 0, highest: ratios.max() ?? 0)
  }

  var text: String {
    var rows = [["SERVER", "CONNECTIONS", "REQUESTS/S", "P99", "SPREAD"]]
    for one in series {
      rows.append([
        one.server, String(one.connections), Self.digits(one.median, 0),
        Self.digits(one.latency99Microseconds / 1000, 2) + " ms", "±\(Self.digits(one.spread * 50, 0)) %",
      ])
    }
    var comparison = [["RATIO", "CONNECTIONS", "MEDIAN", "LOWEST", "HIGHEST"]]
    for ratio in ratios {
      comparison.append([
        "\(ratio.server) / \(ratio.beside)", String(ratio.connections), Self.digits(ratio.median, 2),
        Self.digits(ratio.lowest, 2), Self.digits(ratio.highest, 2),
      ])
    }
    return [
      Console.table(rows, rightAligned: [1, 2, 3, 4]), "",
      Console.table(comparison, rightAligned: [1, 2, 3, 4]), "",
      "idle memory of the four services: \(Console.megabytes(idleMemoryByteCount)), "
        + "after the run \(Console.megabytes(memoryAfterByteCount)) (proportional set size)",
      "\(rounds) rounds of \(secondsPerMeasurement) s; a body of \(bodyByteCount) bytes, \(fieldCount) fields; "
        + "every answer was 200",
      "\(date), \(processor), \(cores) cores, \(isPinned ? "servers on one, wrk on another" : "not pinned")"
        + "; \(nginx), \(wrk)",
    ].joined(separator: "\n")
  }

  private static func digits(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", value)
  }
}
