import CBoot
import Platform

/// The first serial port, or Xen's console.
public final class BoardConsole: Console {
  /// A view of it; it holds nothing.
  public init() {}

  public func write(_ bytes: RawSpan) {
    // Safe: the bytes are read before the call returns.
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { boot_console_write(base, source.count) }
    }
  }

  /// Writes `text` and a line feed.
  public func write(line text: String) {
    text.withBytes { write($0) }
    boot_console_write("\n", 1)
  }
}
