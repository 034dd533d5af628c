import JSON

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
  public init?(_ json: JSON) {
    guard let amount = json["amount"]?.integer, let currency = json["currency"]?.string,
      Currency.isKnown(currency)
    else { return nil }
    self.init(amount, currency)
  }
}
