import Compression
import GatewayAssets

/// A file of Services/Gateway/Assets. It stands in the program as gzip packed it, a fifth of its size.
struct PackedFile {
  /// The file that gzip made.
  let packed: [UInt8]

  static var styleSheet: PackedFile { PackedFile(gateway_style_sheet()) }
  static var apiDescription: PackedFile { PackedFile(gateway_api_description()) }

  private init(_ asset: gateway_asset) {
    // Safe: the bytes are a constant of the program.
    packed = Array(UnsafeBufferPointer(start: asset.bytes, count: asset.count))
  }

  /// The file itself, which has a hundred thousand bytes at most.
  func unpacked() -> [UInt8] {
    do throws(GzipError) {
      return try Gzip.decompress(packed.span, limit: 100_000)
    } catch {
      fatalError("a file in this program is damaged")
    }
  }
}
