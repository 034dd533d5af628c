extension ServiceError {
  /// What a client is told when another service gave no usable answer: 503 or 504 with `Retry-After`; 500 when the
  /// services do not understand each other.
  public var problem: Problem {
    switch self {
    case .late: .timeout
    case .unreachable, .overloaded: .unavailable
    case .unexpected, .malformed: .internal
    }
  }
}
