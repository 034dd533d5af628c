import Bytes
import Cryptography
import HTTP
import HTTPCore

/// The style sheet and the icon. Their names hold a hash of their content, so that browsers keep them for
/// ever.
struct Assets {
  private let styleSheetBytes: [UInt8]
  private let iconBytes: [UInt8]
  private let styleSheetName: String
  private let iconName: String

  init() {
    styleSheetBytes = Self.bytes(of: styleSheet)
    iconBytes = Self.bytes(of: Self.icon)
    styleSheetName = "style." + Self.hash(styleSheetBytes) + ".css"
    iconName = "icon." + Self.hash(iconBytes) + ".svg"
  }

  /// Where the style sheet is.
  var styleSheetLink: Link { Link("/assets").segment(styleSheetName) }
  /// Where the icon is.
  var iconLink: Link { Link("/assets").segment(iconName) }

  /// The answer to `GET /assets/NAME`; nil when there is no such file.
  func response(for name: String) -> Response? {
    switch name {
    case styleSheetName: file(styleSheetBytes, "text/css; charset=utf-8")
    case iconName: file(iconBytes, "image/svg+xml")
    default: nil
    }
  }

  /// The icon under the name that browsers guess; it may change.
  func guessedIcon() -> Response {
    var response = file(iconBytes, "image/svg+xml")
    response.set("cache-control", "public, max-age=86400")
    return response
  }

  private func file(_ bytes: [UInt8], _ type: String) -> Response {
    Response(
      .ok,
      fields: [
        ("content-type", type), ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
      ], body: .bytes(bytes))
  }

  private static func hash(_ bytes: [UInt8]) -> String {
    Hex.encode(Array(SHA256.hash(bytes)[..<8]))
  }

  private static func bytes(of text: StaticString) -> [UInt8] {
    // A literal's bytes live as long as the program.
    Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static let icon: StaticString = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b5482b" d="M2 32V13C2 7 11 6 16 0c5 6 14 \
    7 14 13v19h-8V17c0-4-4-4-6-8-2 4-6 4-6 8v15z"/></svg>
    """
}
