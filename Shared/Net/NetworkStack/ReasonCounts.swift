/// One counter per reason: how often a peer's mistake of each kind was seen.
public struct ReasonCounts<Reason: CaseIterable & RawRepresentable & Sendable>: Sendable
where Reason.RawValue == Int, Reason.AllCases == [Reason] {
  private var values: [UInt64]

  /// All zero. The reasons' numbers are 0, 1, 2 …
  init() { values = [UInt64](repeating: 0, count: Reason.allCases.count) }

  mutating func count(_ reason: Reason) { values[reason.rawValue] &+= 1 }

  /// How often `reason` was seen.
  public subscript(reason: Reason) -> UInt64 { values[reason.rawValue] }
  /// How often any was seen.
  public var total: UInt64 { values.reduce(0, &+) }
}
