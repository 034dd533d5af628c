/// Why another service of the shop gave no usable answer. Thrown by the services' clients.
public enum ServiceError: Error, Equatable, Sendable {
  /// The deadline passed. What was asked may have happened.
  case late
  /// It could not be reached, or the connection broke. What was asked may have happened.
  case unreachable
  /// It is up, but has no room or is not ready (429, 503, or our own queue to it is full).
  case overloaded
  /// It answered with a status that this call does not expect, such as 401 for a wrong secret.
  case unexpected(status: UInt16)
  /// What it answered is not what the contract says.
  case malformed
}
