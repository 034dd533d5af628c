/// What is wrong with the settings, in a sentence for the operator.
public struct SettingsError: Error, Equatable, Sendable {
  /// The sentence.
  public let description: String

  /// An error in words.
  public init(_ description: String) { self.description = description }
}
