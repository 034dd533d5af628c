/// What one measurement found: numbers by name, printed as one line of JSON for `souk bench net`.
struct Figures {
  private var entries: [(name: String, value: Double)] = []

  subscript(name: String) -> Double? {
    get { entries.first { $0.name == name }?.value }
    set {
      entries.removeAll { $0.name == name }
      if let newValue { entries.append((name, newValue)) }
    }
  }

  /// `{"bytes":1000.0,"wallSeconds":0.5}`, to a millionth: longer texts would be allocated, and counted. Every value is
  /// finite.
  var line: String {
    "{" + entries.map { "\"\($0.name)\":\(($0.value * 1e6).rounded() / 1e6)" }.joined(separator: ",") + "}"
  }
}
