import Bytes
import Platform

/// Writes events as lines, one per event, each in one write to the console.
///
/// Confined to the loop's thread. A level that is off costs a compare: fields are not evaluated.
/// No value, whatever its bytes, can end a line, start a field or drive a terminal (see `LogLine`).
public final class Logger {
  /// How much an event matters.
  public enum Level: UInt8, Comparable, Sendable {
    /// For whoever changes this code.
    case debug
    /// What a running shop normally says.
    case info
    /// Something was refused, retried or lost; the service goes on.
    case warning
    /// Somebody has to look.
    case error

    /// The level called `name` (`debug`, `info`, `warning`, `error`), as settings write it.
    public init?(named name: String) {
      switch name {
      case "debug": self = .debug
      case "info": self = .info
      case "warning": self = .warning
      case "error": self = .error
      default: return nil
      }
    }

    /// Its name.
    public var name: StaticString {
      switch self {
      case .debug: "debug"
      case .info: "info"
      case .warning: "warning"
      case .error: "error"
      }
    }

    /// Orders by how much it matters.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// How a line looks.
  public enum Format: Sendable {
    /// `time=… level=info service=cart message="listening" port=80`
    case logfmt
    /// `{"time":"…","level":"info","service":"cart","message":"listening","port":80}`
    case json

    /// The format called `name` (`logfmt`, `json`), as settings write it.
    public init?(named name: String) {
      switch name {
      case "logfmt": self = .logfmt
      case "json": self = .json
      default: return nil
      }
    }
  }

  /// Bytes of a text value that are written; the rest is replaced by `…`.
  public static let maximumValueByteCount = 2048
  /// Fields of one event that are written.
  public static let maximumFieldCount = 32

  /// Events below this level are dropped.
  public var level: Level
  private let service: String
  private let console: any Console
  private let clock: any Clock
  private var line: LogLine

  /// A logger for `service`, whose name stands in every line.
  public init(service: String, level: Level, format: Format, console: any Console, clock: any Clock) {
    self.service = service
    self.level = level
    self.console = console
    self.clock = clock
    line = LogLine(format: format)
  }

  /// Whether events of `level` are written.
  @inline(__always)
  public func isEnabled(_ level: Level) -> Bool { level >= self.level }

  /// Writes an event with up to eight fields.
  @inline(__always)
  public func log(
    _ level: Level, _ message: StaticString,
    _ field1: @autoclosure () -> LogField? = nil, _ field2: @autoclosure () -> LogField? = nil,
    _ field3: @autoclosure () -> LogField? = nil, _ field4: @autoclosure () -> LogField? = nil,
    _ field5: @autoclosure () -> LogField? = nil, _ field6: @autoclosure () -> LogField? = nil,
    _ field7: @autoclosure () -> LogField? = nil, _ field8: @autoclosure () -> LogField? = nil
  ) {
    guard isEnabled(level) else { return }
    begin(level, message)
    if let field1 = field1() { append(field1) }
    if let field2 = field2() { append(field2) }
    if let field3 = field3() { append(field3) }
    if let field4 = field4() { append(field4) }
    if let field5 = field5() { append(field5) }
    if let field6 = field6() { append(field6) }
    if let field7 = field7() { append(field7) }
    if let field8 = field8() { append(field8) }
    end()
  }

  /// Writes an event with any number of fields, up to `maximumFieldCount`.
  public func log(_ level: Level, _ message: StaticString, fields: [LogField]) {
    guard isEnabled(level) else { return }
    begin(level, message)
    for field in fields.prefix(Self.maximumFieldCount) { append(field) }
    end()
  }

  // MARK: One line

  @inline(never) @usableFromInline
  func begin(_ level: Level, _ message: StaticString) {
    line.begin(at: clock.wallTime, level: level.name, service: service, message: message)
  }

  /// Inlined, as the kind of a field is nearly always known where it is written: its parts then go by registers.
  @inline(__always) @usableFromInline
  func append(_ field: LogField) {
    switch field.value {
    case .text(let text): append(field.name, text)
    case .literal(let text): append(field.name, text)
    case .integer(let number): append(field.name, number)
    case .bool(let flag): append(field.name, flag)
    case .duration(let duration): append(field.name, duration)
    }
  }

  @inline(never) @usableFromInline
  func append(_ name: StaticString, _ text: String) { line.append(name, text) }

  @inline(never) @usableFromInline
  func append(_ name: StaticString, _ text: StaticString) { line.append(name, text) }

  @inline(never) @usableFromInline
  func append(_ name: StaticString, _ number: Int64) { line.append(name, number) }

  @inline(never) @usableFromInline
  func append(_ name: StaticString, _ flag: Bool) { line.append(name, flag) }

  @inline(never) @usableFromInline
  func append(_ name: StaticString, _ duration: Duration) { line.append(name, duration) }

  @inline(never) @usableFromInline
  func end() {
    line.end()
    line.write(to: console)
  }
}
