import Bytes
import Cryptography
import HTTP
import HTTPCore
import Shop

/// The style sheet and the icon. Their names hold a hash of their content, so that browsers keep them for
/// ever.
struct Assets {
  private let styleSheet: PackedFile
  /// For whoever does not unpack.
  private lazy var unpackedStyleSheet = styleSheet.unpacked()
  private let iconBytes: [UInt8]
  private let styleSheetName: String
  private let iconName: String

  init() {
    styleSheet = .styleSheet
    // A literal's bytes live as long as the program.
    iconBytes = Array(UnsafeBufferPointer(start: Self.icon.utf8Start, count: Self.icon.utf8CodeUnitCount))
    styleSheetName = "style." + Self.hash(styleSheet.packed) + ".css"
    iconName = "icon." + Self.hash(iconBytes) + ".svg"
  }

  /// Where the style sheet is.
  var styleSheetLink: Link { Link("/assets").segment(styleSheetName) }
  /// Where the icon is.
  var iconLink: Link { Link("/assets").segment(iconName) }

  /// The answer to `GET /assets/NAME`; nil when there is no such file.
  mutating func response(for name: String, to request: Request) -> Response? {
    switch name {
    case styleSheetName:
      let isPacked = AcceptEncoding.wantsGzip(request.fieldList(.acceptEncoding))
      var response = file(isPacked ? styleSheet.packed : unpackedStyleSheet, "text/css; charset=utf-8")
      response.set("vary", "accept-encoding")
      if isPacked { response.set("content-encoding", "gzip") }
      return response
    case iconName: return file(iconBytes, "image/svg+xml")
    default: return nil
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

  private static let icon: StaticString = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b5482b" d="M2 32V13C2 7 11 6 16 0c5 6 14 \
    7 14 13v19h-8V17c0-4-4-4-6-8-2 4-6 4-6 8v15z"/></svg>
    """
}
