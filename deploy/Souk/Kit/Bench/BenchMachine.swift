import Foundation
import Glibc

/// What benchmarks need to know of the machine, and a place on it.
enum BenchMachine {
  /// The processor's name.
  static var processor: String { fact("model name") ?? "unknown processor" }
  /// The processor's clock.
  static var megahertz: Double { fact("cpu MHz").flatMap(Double.init) ?? 1000 }

  /// The first value that /proc/cpuinfo has for `name`.
  private static func fact(_ name: String) -> String? {
    for line in (Files.text("/proc/cpuinfo") ?? "").split(separator: "\n") where line.hasPrefix(name) {
      return line.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    return nil
  }

  /// A new folder in /tmp, which the caller removes.
  static func makeFolder() throws(Failure) -> String {
    var template = Array("/tmp/souk-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure("cannot make a folder in /tmp") }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
