/// The pictures of an `--images` folder.
enum Pictures {
  /// Endings the shop takes, best first: what stays sharp, then what keeps its colours.
  private static let types = [
    ("svg", "image/svg+xml"), ("png", "image/png"), ("webp", "image/webp"), ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
  ]

  /// A picture found for a product.
  struct Found: Equatable {
    let path: String
    let mediaType: String
  }

  /// The file with the first of `names` and one of the endings the shop takes.
  static func find(_ names: [String], in folder: String) -> Found? {
    for name in names where !name.isEmpty && name != "." && name != ".." {
      for (ending, mediaType) in types {
        let path = "\(folder)/\(name).\(ending)"
        if Files.exists(path) { return Found(path: path, mediaType: mediaType) }
      }
    }
    return nil
  }
}
