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

  /// `{"bytes":1000.0,"wallSeconds":0.5}`, to a millionth. Every value is finite. Made in one piece of memory, out of
  /// numbers too short to be allocated: a run's allocations are counted, and must not depend on what it found.
  var line: String {
    var line = ""
    line.reserveCapacity(2048)
    for (name, value) in entries {
      line += line.isEmpty ? "{\"" : ",\""
      line += name
      line += "\":"
      line += ((value * 1e6).rounded() / 1e6).description
    }
    return line + "}"
  }
}
