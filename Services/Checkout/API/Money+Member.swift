import JSON
import Shop

extension Money {
  /// The amount that an answer has under `name`; nil when it is not there or is no amount.
  init?(member name: String, of json: JSON) {
    guard let member = json[name] else { return nil }
    self.init(member)
  }
}
