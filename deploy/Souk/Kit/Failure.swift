/// Why a command gives up: one line that says what to do, and the exit code.
public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What happened and what to do about it.
  public let message: String
  /// The process's exit code; never 0.
  public let exitCode: Int32

  /// A failure that ends the command with `exitCode`.
  public init(_ message: String, exitCode: Int32 = 1) {
    self.message = message
    self.exitCode = exitCode
  }

  /// The message.
  public var description: String { message }
}

/// Exit codes with a meaning of their own.
enum ExitCode {
  /// `status`: something runs, but not everything is ready.
  static let degraded: Int32 = 1
  /// `status`: no shop runs in this data folder.
  static let notRunning: Int32 = 3
  /// A service that will not run until a person has looked (EX_CONFIG of sysexits.h): never restarted.
  static let needsAPerson: Int32 = 78
}
