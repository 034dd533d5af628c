import Bytes
import Cryptography
import Shop
import Storage

/// A product's picture as it is served.
struct Picture: Sendable, Equatable {
  var format: PictureFormat
  var bytes: [UInt8]
  /// Its strong validator, quotes included: made from the bytes.
  var entityTag: String

  /// A picture of these bytes.
  init(_ format: PictureFormat, _ bytes: [UInt8]) {
    self.init(format, bytes, digest: Hex.encode(Array(SHA256.hash(bytes)[..<12])))
  }

  /// A stored picture, whose digest is known.
  init(_ format: PictureFormat, _ bytes: [UInt8], digest: String) {
    self.format = format
    self.bytes = bytes
    entityTag = "\"" + digest + "\""
  }

  /// The hexadecimal digest in the entity tag.
  var digest: String { String(entityTag.dropFirst().dropLast()) }
}

/// The kinds of picture the shop takes.
enum PictureFormat: String, Sendable, CaseIterable {
  case svg = "image/svg+xml"
  case png = "image/png"
  case jpeg = "image/jpeg"
  case webp = "image/webp"

  /// Whether `bytes` begin like this format. Nobody decodes pictures here: browsers do, and `nosniff` with the
  /// sandbox keeps one that lies from being anything else.
  func matches(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .png: bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    case .jpeg: bytes.starts(with: [0xFF, 0xD8, 0xFF])
    case .webp:
      bytes.count >= 12 && bytes.starts(with: Array("RIFF".utf8))
        && bytes[8..<12].elementsEqual(Array("WEBP".utf8))
    case .svg: Self.hasSVGElement(bytes)
    }
  }

  /// Whether the first bytes are text with an `<svg` element, behind whatever XML allows before the root.
  private static func hasSVGElement(_ bytes: [UInt8]) -> Bool {
    let head = bytes.prefix(4_096)
    guard !head.contains(0) else { return false }
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard let first = head.dropFirst(start).first(where: { $0 > 0x20 }), first == UInt8(ascii: "<") else {
      return false
    }
    let name = Array("<svg".utf8)
    guard head.count >= name.count else { return false }
    for index in 0...(head.count - name.count) where head[index..<index + 4].elementsEqual(name) {
      return true
    }
    return false
  }
}

extension ProductStore {
  /// The picture of a product on sale, as stored or drawn; nil when there is no such product.
  func picture(_ connection: Connection, id: String) throws(StorageError) -> Picture? {
    let found = try connection.first(
      """
      SELECT p.name, i.media_type, i.digest, i.bytes FROM product p LEFT JOIN picture i ON i.product = p.row
      WHERE p.id = ? AND p.deleted_at IS NULL
      """, [.text(id)]
    ) { (row) throws(StorageError) -> Picture in
      guard let type = row.optionalText(1) else {
        return Picture(.svg, GeneratedPicture.svg(id: id, name: row.text(0)))
      }
      guard let format = PictureFormat(rawValue: type) else { throw .corrupt }
      return Picture(format, row.blob(3), digest: row.text(2))
    }
    return found
  }

  /// Stores a product's picture in place of what was there.
  func setPicture(_ connection: Connection, row: Int64, _ picture: Picture) throws(StorageError) {
    _ = try connection.execute(
      """
      INSERT INTO picture (product, media_type, digest, bytes) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (product) DO UPDATE SET media_type = ?2, digest = ?3, bytes = ?4
      """,
      [.integer(row), .text(picture.format.rawValue), .text(picture.digest), .blob(picture.bytes)])
  }
}
