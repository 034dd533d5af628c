import Foundation
import Testing

/// The real product files beside the repository, `../shared/data` or `SOUK_SHARED_DATA`. CI cannot do without
/// them; elsewhere the tests that need them are skipped, in these words.
enum SharedData {
  static let absent: Comment = "../shared/data is not here: the real product files cannot be read"

  static let folder: String = {
    if let told = ProcessInfo.processInfo.environment["SOUK_SHARED_DATA"] { return told }
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    return "/\(root)/../shared/data"
  }()

  static var mayRun: Bool {
    ProcessInfo.processInfo.environment["CI"] == "true"
      || FileManager.default.fileExists(atPath: folder + "/apparel.csv")
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
  }
}
