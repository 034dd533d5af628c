import JSON
import Platform

extension JSONWriter {
  /// Writes `{"amount": 1299, "currency": "EUR"}`.
  public mutating func value(_ money: Money) {
    object { writer in
      writer.field("amount", money.amount)
      writer.field("currency", money.currency)
    }
  }

  /// Writes a member that is an amount of money.
  public mutating func field(_ key: String, _ money: Money) {
    self.key(key)
    value(money)
  }

  /// Writes a member that is an amount of money, or `null` for nil.
  public mutating func field(_ key: String, _ money: Money?) {
    self.key(key)
    if let money { value(money) } else { null() }
  }
}

extension Money {
  /// Reads what one of our services wrote; nil when it is no amount of money. For bodies from outside there is
  /// `BodyReader.money`.
  @inline(never)
  public init?(_ json: JSON) {
    var members = JSONMembers(json)
    self.init(members.integer("amount"), members.string("currency"))
    guard members.isComplete, Currency.isKnown(currency) else { return nil }
  }
}

extension JSONMembers {
  /// An amount of money.
  @inline(never)
  public mutating func money(_ key: Key) -> Money {
    if let money = Money(member(key)) { return money }
    require(false)
    return .zero("")
  }

  /// A time.
  @inline(never)
  public mutating func time(_ key: Key) -> WallTime {
    if let time = Timestamp.parse(string(key)) { return time }
    require(false)
    return WallTime(nanosecondsSinceEpoch: 0)
  }
}
