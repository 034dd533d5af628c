import Foundation
import Glibc

/// Standard output for people: tables, and lines with a coloured name in front on a terminal.
struct Console {
  let isTerminal: Bool
  private let isColoured: Bool
  private let descriptor: Int32

  /// Standard output, unless a test says otherwise.
  init(_ descriptor: Int32 = 1) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    isColoured = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
  }

  func print(_ text: String) { Files.writeAll(Array((text + "\n").utf8), to: descriptor) }

  /// To standard error, so that it stays out of what a script reads.
  static func note(_ text: String) { Files.writeAll(Array("souk: \(text)\n".utf8), to: 2) }

  /// A line of the service `name`. Left out while nobody reads (a paused terminal, `| less`): waiting would fill the
  /// services' pipes and stop the shop. The log files have every line.
  func line(_ name: String, _ line: [UInt8]) {
    var reader = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&reader, 1, 0) == 1 else { return }
    let label = name.padding(toLength: 8, withPad: " ", startingAt: 0)
    let text = String(decoding: line, as: UTF8.self)
    guard isColoured else { return print("\(label) | \(text)") }
    print("\u{1b}[\(Self.colour(name))m\(label) │\u{1b}[0m \(Self.emphasis(text))\(text)\u{1b}[0m")
  }

  func bold(_ text: String) -> String { isColoured ? "\u{1b}[1m\(text)\u{1b}[0m" : text }

  private static func colour(_ name: String) -> Int {
    switch name {
    case "catalog": 36
    case "cart": 32
    case "checkout": 35
    case "gateway": 34
    default: 1
    }
  }

  private static func emphasis(_ line: String) -> String {
    if line.contains("level=error") || line.contains("\"level\":\"error\"") { return "\u{1b}[31m" }
    if line.contains("level=warning") || line.contains("\"level\":\"warning\"") { return "\u{1b}[33m" }
    return ""
  }

  /// Rows as columns of equal width; numbers stand where `rightAligned` says so.
  static func table(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? space + cell : cell + space
        if column < row.count - 1 { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  /// `12.3 MB`, in units of a thousand.
  static func megabytes(_ byteCount: Int?) -> String {
    guard let byteCount else { return "-" }
    let tenths = (byteCount + 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
  }
}
