import Bytes
import CBoot
import EventLoop

/// Lines that arrive at the console: how `souk` asks an image to stop.
public final class ConsoleInput: EventSource {
  /// Bytes kept of a line; what goes beyond is dropped.
  public static let maximumLineByteCount = 256
  /// Lines that wait to be read; what goes beyond is dropped.
  public static let maximumLineCount = 16
  private let arrived = Signal()
  private var current: [UInt8] = []
  private var lines: [String] = []

  override init() { boot_console_listen() }

  /// The next line, without its end. One task reads at a time.
  public func readLine() async -> String {
    while lines.isEmpty { await arrived.wait() }
    return lines.removeFirst()
  }

  public override func handleEvents() {
    while case let byte = boot_console_read(), byte >= 0 {
      if byte == 10 || byte == 13 {
        endLine()
      } else if current.count < Self.maximumLineByteCount {
        current.append(UInt8(byte))
      }
    }
  }

  private func endLine() {
    guard !current.isEmpty else { return }
    if lines.count < Self.maximumLineCount { lines.append(String(utf8: current)) }
    current.removeAll(keepingCapacity: true)
    arrived.notify()
  }
}
