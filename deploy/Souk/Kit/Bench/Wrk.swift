import Foundation

/// One run of wrk, and what it printed.
struct Wrk {
  struct Result: Equatable {
    var requestsPerSecond: Double
    var latency99Microseconds: Double
  }

  static func run(url: String, connections: Int, seconds: Int, core: Int?) throws(Failure) -> Result {
    let wrk = ["wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "--latency", url]
    let answer = try Captured.run(core.map { ["taskset", "-c", "\($0)"] + wrk } ?? wrk)
    guard answer.exitCode == 0 else { throw Failure("wrk ended with \(answer.exitCode): \(answer.output)") }
    return try parse(answer.output, url: url)
  }

  /// Reads wrk's report; anything that was no 200 is a failure.
  static func parse(_ output: String, url: String) throws(Failure) -> Result {
    var result = Result(requestsPerSecond: 0, latency99Microseconds: 0)
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if line.contains("Non-2xx") || line.contains("Socket errors") {
        throw Failure("\(url) gave wrong answers:\(line)")
      } else if words.first == "Requests/sec:", words.count == 2 {
        result.requestsPerSecond = Double(words[1]) ?? 0
      } else if words.first == "99%", words.count == 2 {
        result.latency99Microseconds = microseconds(words[1])
      }
    }
    guard result.requestsPerSecond > 0 else { throw Failure("\(url) was not measured: \(output)") }
    return result
  }

  /// `123.00us`, `1.23ms`, `1.23s`.
  static func microseconds(_ text: Substring) -> Double {
    for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] where text.hasSuffix(unit) {
      return (Double(text.dropLast(unit.count)) ?? 0) * factor
    }
    return 0
  }
}

/// A program from PATH whose output is read to its end.
enum Captured {
  static func run(_ words: [String]) throws(Failure) -> (exitCode: Int32, output: String) {
    let pipe = try Sockets.pipe()
    var spawn = Spawn(executable: "/usr/bin/env", arguments: words)
    spawn.environment = [
      "LC_ALL": "C", "PATH": ProcessInfo.processInfo.environment["PATH", default: ""] + ":/usr/sbin",
    ]
    // In the terminal's group: a Ctrl-C reaches it, and what waits for it then cleans up.
    spawn.isolation = .none
    spawn.descriptors = [(pipe.writing, 1), (pipe.writing, 2)]
    let pid: pid_t
    do throws(Failure) {
      pid = try spawn.start()
    } catch {
      close(pipe.writing)
      close(pipe.reading)
      throw error
    }
    close(pipe.writing)
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(pipe.reading, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      output.append(contentsOf: chunk[..<count])
    }
    close(pipe.reading)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return (Ending(status: status).exitCode, String(decoding: output, as: UTF8.self))
  }
}
