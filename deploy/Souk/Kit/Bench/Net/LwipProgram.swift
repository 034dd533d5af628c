import Foundation

/// lwIP, which moves the same bytes over the same kind of link beside our stack: Benchmarks/lwIP/transfer.c on Debian's
/// build of it.
enum LwipProgram {
  private static let source = Checkout.root + "/Benchmarks/lwIP/transfer.c"
  private static let headers = "/usr/include/lwip"

  /// Why it cannot be measured; nil when it can.
  static func obstacle() -> String? {
    if !Files.exists(headers + "/lwip/tcp.h") { return "`apt-get install liblwip-dev` brings it" }
    if !Files.exists(source) { return "\(Files.shown(source)) is missing" }
    return nil
  }

  /// Compiles it into `folder`.
  static func build(in folder: String) throws(Failure) -> NetProgram {
    let path = folder + "/lwip-transfer"
    let answer = try Captured.run(["clang", "-std=c11", "-O2", "-I\(headers)", source, "-o", path, "-llwip"])
    guard answer.exitCode == 0 else {
      throw Failure("\(Files.shown(source)) does not compile: \(answer.output)")
    }
    return NetProgram(path: path)
  }

  /// The words of one transfer.
  static func arguments(megabytes: Int, loss: Double, seed: Int) -> [String] {
    ["\(megabytes)", "\(loss)", "\(seed)"]
  }
}
