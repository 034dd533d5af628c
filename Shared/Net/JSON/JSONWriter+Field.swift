// Key and value in one call, which is not inlined: a program has hundreds.
extension JSONWriter {
  /// Writes a member that is a string.
  @inline(never)
  public mutating func field(_ key: String, _ string: String) {
    self.key(key)
    value(string)
  }

  /// Writes a member that is a string, or `null` for nil.
  @inline(never)
  public mutating func field(_ key: String, _ string: String?) {
    self.key(key)
    if let string { value(string) } else { null() }
  }

  /// Writes a member that is an integer.
  @inline(never)
  public mutating func field(_ key: String, _ integer: Int64) {
    self.key(key)
    value(integer)
  }

  /// Writes a member that is an integer, or `null` for nil.
  @inline(never)
  public mutating func field(_ key: String, _ integer: Int64?) {
    self.key(key)
    if let integer { value(integer) } else { null() }
  }

  /// Writes a member that is an integer.
  @inline(never)
  public mutating func field(_ key: String, _ integer: Int) {
    self.key(key)
    value(integer)
  }

  /// Writes a member that is an integer, or `null` for nil.
  @inline(never)
  public mutating func field(_ key: String, _ integer: Int?) {
    self.key(key)
    if let integer { value(integer) } else { null() }
  }

  /// Writes a member that is `true` or `false`.
  @inline(never)
  public mutating func field(_ key: String, _ bool: Bool) {
    self.key(key)
    value(bool)
  }

  /// Writes a member that is a finite number.
  @inline(never)
  public mutating func field(_ key: String, _ number: Double) {
    self.key(key)
    value(number)
  }

  /// Writes a member with all that is in it.
  @inline(never)
  public mutating func field(_ key: String, _ json: JSON) {
    self.key(key)
    value(json)
  }

  /// Writes a member that is `null`.
  @inline(never)
  public mutating func nullField(_ key: String) {
    self.key(key)
    null()
  }

  /// Writes a member that is an object; `body` writes its members.
  public mutating func field(_ key: String, object body: (inout JSONWriter) -> Void) {
    self.key(key)
    object(body)
  }

  /// Writes a member that is an array; `body` writes its elements.
  public mutating func field(_ key: String, array body: (inout JSONWriter) -> Void) {
    self.key(key)
    array(body)
  }
}
