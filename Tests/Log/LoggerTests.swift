import Platform
import Testing

@testable import Log

private final class RecordingConsole: Console {
  var writes: [String] = []
  func write(_ bytes: RawSpan) {
    writes.append(bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
  }
}

private final class ManualClock: Clock {
  var now = Instant(nanoseconds: 0)
  var wallTime = WallTime(nanosecondsSinceEpoch: 1_795_452_628_123_456_789)
}

private struct Bench {
  let console = RecordingConsole()
  let clock = ManualClock()
  let log: Logger

  init(_ format: Logger.Format = .logfmt, level: Logger.Level = .info) {
    log = Logger(service: "cart", level: level, format: format, console: console, clock: clock)
  }
}

@Suite struct LoggerTests {
  @Test func `an event is one line of logfmt in one write`() {
    let bench = Bench()
    bench.log.info("listening", LogField("port", 80), LogField("route", "/api/v1/carts/{id}"))
    #expect(
      bench.console.writes == [
        "time=2026-11-23T16:50:28.123Z level=info service=cart message=listening port=80 "
          + "route=/api/v1/carts/{id}\n"
      ])
  }

  @Test func `an event is one line of JSON in one write`() {
    let bench = Bench(.json)
    bench.log.warning(
      "slow peer", LogField("took", .microseconds(1_500_020)), LogField("ok", false),
      LogField("left", Int64.min))
    #expect(
      bench.console.writes == [
        "{\"time\":\"2026-11-23T16:50:28.123Z\",\"level\":\"warning\",\"service\":\"cart\","
          + "\"message\":\"slow peer\",\"took\":1.500020,\"ok\":false,\"left\":-9223372036854775808}\n"
      ])
  }

  @Test func `a value cannot end its line or add a field`() {
    let bench = Bench()
    bench.log.error("refused", LogField("path", "/a b=c\"\nlevel=info\r\u{1B}[2J"))
    #expect(
      bench.console.writes[0].hasSuffix(" path=\"/a b=c\\\"\\nlevel=info\\r\\u001b[2J\"\n"))
    #expect(bench.console.writes[0].utf8.count { $0 == 10 } == 1)
  }

  @Test(arguments: [
    ("\u{85}", "\\u0085"), ("\u{9B}", "\\u009b"), ("\u{7F}", "\\u007f"), ("\0", "\\u0000"),
    ("\u{2028}", "\\u2028"), ("\u{202E}", "\\u202e"), ("\u{2066}", "\\u2066"), ("\\", "\\\\"),
    ("ä", "ä"), ("€", "€"), ("\u{A0}", "\u{A0}"), ("👟", "👟"), ("\t", "\\t"),
  ]) func `control and reordering characters are escaped, letters stay`(text: String, written: String) {
    for format in [Logger.Format.logfmt, .json] {
      let bench = Bench(format)
      bench.log.info("x", LogField("v", text))
      let line = bench.console.writes[0]
      #expect(line.hasSuffix(format == .json ? "\"v\":\"\(written)\"}\n" : " v=\"\(written)\"\n"))
    }
  }

  @Test func `an empty value is two quotes in logfmt`() {
    let bench = Bench()
    bench.log.info("x", LogField("v", ""))
    #expect(bench.console.writes[0].hasSuffix(" v=\"\"\n"))
  }

  @Test func `a long value is cut between characters`() {
    let bench = Bench()
    let fill = String(repeating: "a", count: Logger.maximumValueByteCount - 1)
    bench.log.info("x", LogField("v", fill + "€uro"))
    #expect(bench.console.writes[0].hasSuffix(" v=\"\(fill)…\"\n"))
    let exact = String(repeating: "b", count: Logger.maximumValueByteCount)
    bench.log.info("x", LogField("v", exact))
    #expect(bench.console.writes[1].hasSuffix(" v=\(exact)\n"))
  }

  @Test func `fields of a level that is off are not evaluated`() {
    let bench = Bench(level: .warning)
    var evaluations = 0
    func field() -> LogField {
      evaluations += 1
      return LogField("n", evaluations)
    }
    bench.log.debug("a", field())
    bench.log.info("b", field(), field())
    bench.log.warning("c", field())
    bench.log.error("d", field())
    #expect(evaluations == 2)
    #expect(bench.console.writes.count == 2)
    #expect(!bench.log.isEnabled(.info) && bench.log.isEnabled(.warning))
  }

  @Test func `an event keeps at most the maximum number of fields`() {
    let bench = Bench()
    bench.log.log(
      .info, "many", fields: (0..<Logger.maximumFieldCount + 5).map { LogField("field", $0) })
    #expect(bench.console.writes[0].hasSuffix(" field=\(Logger.maximumFieldCount - 1)\n"))
  }

  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (951_827_696_789_000_000, "2000-02-29T12:34:56.789Z"),
    (951_868_800_000_000_000, "2000-03-01T00:00:00.000Z"),
    (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999Z"),
    (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000Z"),
    (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
    (Int64.max, "2262-04-11T23:47:16.854Z"), (Int64.min, "1677-09-21T00:12:43.145Z"),
  ]) func `timestamps are RFC 3339 in UTC with milliseconds`(nanoseconds: Int64, text: String) {
    let bench = Bench()
    bench.clock.wallTime = WallTime(nanosecondsSinceEpoch: nanoseconds)
    bench.log.info("x")
    #expect(bench.console.writes[0].hasPrefix("time=\(text) "))
  }

  @Test func `levels and formats are found by the names that settings use`() {
    for level in [Logger.Level.debug, .info, .warning, .error] {
      #expect(Logger.Level(named: "\(level.name)") == level)
    }
    #expect(Logger.Level(named: "loud") == nil)
    #expect(Logger.Format(named: "json") == .json && Logger.Format(named: "logfmt") == .logfmt)
    #expect(Logger.Format(named: "xml") == nil)
  }
}
