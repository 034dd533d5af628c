/// One thing wrong with a body or a parameter: where (a JSON pointer, RFC 6901) and what to do about it.
public struct FieldError: Equatable, Sendable {
  /// `/price/amount`; the name of a query parameter with a `?` before it; empty for the whole body.
  public var pointer: String
  /// What it must be.
  public var detail: String

  /// An error at `pointer`.
  public init(pointer: String, detail: String) {
    self.pointer = pointer
    self.detail = detail
  }
}
