/// What `souk bench image` found.
struct ImageBenchReport: Encodable {
  /// One image.
  struct Image: Encodable {
    var name: String
    /// Of the stripped file.
    var fileByteCount: Int
    /// Guest instructions from the entry to an idle machine that has answered its first `GET /livez` with 200; with a
    /// disk, one that was used before.
    var bootInstructions: UInt64
    /// The same on an empty disk; nil without one.
    var firstBootInstructions: UInt64?
    /// Of them, those before it listened.
    var readyInstructions: UInt64
    /// For one `GET /livez` on a connection of its own.
    var instructionsPerRequest: Double
    /// The least memory that serves; nil when it was not looked for.
    var leastMegabytes: Int?
    var bootProfile: InstructionProfile?
    var requestProfile: InstructionProfile?

    /// Instructions from the entry to the first 200: Unikraft's C image without storage; what SQLite may add to it.
    var bootTarget: UInt64 { name == "gateway" ? 371_000 : 1_500_000 }
    var memoryTarget: Int { name == "gateway" ? 4 : 8 }
  }

  /// Four machines that were started at once.
  struct Start: Encodable {
    var name: String
    /// Until each had answered 200, the last one's: one for each round.
    var milliseconds: [Double]
    var megabytesEach: Int
  }

  /// Instructions of one request for `GET /livez`, new connection each: Unikraft's C server's.
  static let requestTarget = 46_000.0

  var date: String
  var processor: String
  var requestCount: Int
  var images: [Image]
  /// For one `GET /api/v1/products/{id}` of the catalog's, on a connection of its own.
  var instructionsPerProduct: Double
  var productProfile: InstructionProfile?
  var starts: [Start]
  /// Why Debian was not started; nil when it was, or was not meant to.
  var debianObstacle: String?
}
