/// How much of a document `JSON.parse` takes on. Beyond it the document is refused (RFC 8259 §9 allows that).
public struct JSONLimits: Sendable {
  /// The most a reader may be asked to nest: it recurses, and a fiber's stack is small.
  public static let deepest = 512

  /// How many arrays and objects may stand inside each other. At most `deepest`.
  public var maximumDepth: Int

  /// Bytes of the whole document, white space included.
  public var maximumByteCount: Int

  /// Bytes of one number. An `Int64` needs 20, a `Double` that this module wrote 24.
  public var maximumNumberByteCount: Int

  /// What becomes of a number that is too large for its type. False: the document is refused. True: the number
  /// reads as the nearest finite Double, so that whoever reads the fields can name the one that is out of range,
  /// and a field that nobody reads spoils nothing.
  public var readsHugeNumbers: Bool

  /// Reads a number that has a fraction or an exponent. Where none is expected `refuseFractions` stands here: the
  /// standard library's reader is 4 KB of an image.
  let readFraction: @Sendable (String) -> Double?

  /// Reads no number: every one with a fraction or an exponent is refused as `numberOutOfRange`.
  public static func refuseFractions(_ text: String) -> Double? { nil }

  /// The house's limits, unless told otherwise.
  public init(
    maximumDepth: Int = 64, maximumByteCount: Int = 1 << 20, maximumNumberByteCount: Int = 128,
    readsHugeNumbers: Bool = false,
    readFraction: @escaping @Sendable (String) -> Double? = { Double($0) }
  ) {
    precondition(maximumDepth >= 0 && maximumDepth <= Self.deepest)
    precondition(maximumByteCount >= 0 && maximumNumberByteCount > 0)
    self.maximumDepth = maximumDepth
    self.maximumByteCount = maximumByteCount
    self.maximumNumberByteCount = maximumNumberByteCount
    self.readsHugeNumbers = readsHugeNumbers
    self.readFraction = readFraction
  }
}
