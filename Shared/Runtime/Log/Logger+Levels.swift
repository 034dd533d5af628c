extension Logger {
  /// For whoever changes this code. Up to eight fields.
  @inline(__always)
  public func debug(
    _ message: StaticString,
    _ field1: @autoclosure () -> LogField? = nil, _ field2: @autoclosure () -> LogField? = nil,
    _ field3: @autoclosure () -> LogField? = nil, _ field4: @autoclosure () -> LogField? = nil,
    _ field5: @autoclosure () -> LogField? = nil, _ field6: @autoclosure () -> LogField? = nil,
    _ field7: @autoclosure () -> LogField? = nil, _ field8: @autoclosure () -> LogField? = nil
  ) {
    log(
      .debug, message, field1(), field2(), field3(), field4(), field5(), field6(), field7(), field8())
  }

  /// What a running shop normally says. Up to eight fields.
  @inline(__always)
  public func info(
    _ message: StaticString,
    _ field1: @autoclosure () -> LogField? = nil, _ field2: @autoclosure () -> LogField? = nil,
    _ field3: @autoclosure () -> LogField? = nil, _ field4: @autoclosure () -> LogField? = nil,
    _ field5: @autoclosure () -> LogField? = nil, _ field6: @autoclosure () -> LogField? = nil,
    _ field7: @autoclosure () -> LogField? = nil, _ field8: @autoclosure () -> LogField? = nil
  ) {
    log(
      .info, message, field1(), field2(), field3(), field4(), field5(), field6(), field7(), field8())
  }

  /// Something was refused, retried or lost; the service goes on. Up to eight fields.
  @inline(__always)
  public func warning(
    _ message: StaticString,
    _ field1: @autoclosure () -> LogField? = nil, _ field2: @autoclosure () -> LogField? = nil,
    _ field3: @autoclosure () -> LogField? = nil, _ field4: @autoclosure () -> LogField? = nil,
    _ field5: @autoclosure () -> LogField? = nil, _ field6: @autoclosure () -> LogField? = nil,
    _ field7: @autoclosure () -> LogField? = nil, _ field8: @autoclosure () -> LogField? = nil
  ) {
    log(
      .warning, message, field1(), field2(), field3(), field4(), field5(), field6(), field7(), field8())
  }

  /// Somebody has to look. Up to eight fields.
  @inline(__always)
  public func error(
    _ message: StaticString,
    _ field1: @autoclosure () -> LogField? = nil, _ field2: @autoclosure () -> LogField? = nil,
    _ field3: @autoclosure () -> LogField? = nil, _ field4: @autoclosure () -> LogField? = nil,
    _ field5: @autoclosure () -> LogField? = nil, _ field6: @autoclosure () -> LogField? = nil,
    _ field7: @autoclosure () -> LogField? = nil, _ field8: @autoclosure () -> LogField? = nil
  ) {
    log(
      .error, message, field1(), field2(), field3(), field4(), field5(), field6(), field7(), field8())
  }
}
