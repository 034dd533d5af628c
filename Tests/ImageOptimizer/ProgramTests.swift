import Foundation
import Testing

@testable import ImageOptimizer

/// A program that a compiler made, optimised, assembled, linked and run.
struct ProgramTests {
  /// Sixty functions that check their sums, keep values over calls and end alike.
  private static let source =
    """
    #include <stdio.h>
    __attribute__((noinline)) static long mix(long a, long b, long c) { return a * 31 + b * 7 + c; }
    static long checked(long a, long b) { long r; if (__builtin_add_overflow(a, b, &r)) __builtin_trap(); return r; }

    """
    + (0..<60).map {
      """
      __attribute__((noinline)) static long f\($0)(long a, long b) {
        long x = mix(a, 1, 2), y = mix(b, 1, 2), z = mix(x, y, \($0));
        if (z % 3 == 0) return checked(mix(z, 1, 2), x);
        return checked(checked(z, y), a) & 0xffffff;
      }

      """
    }.joined()
    + "int main(void) {\n  long h = 1;\n"
    + (0..<60).map { "  for (long i = 0; i < 20; i++) h = f\($0)(h, i) & 0xffffff;\n" }.joined()
    + "  printf(\"%ld\\n\", h);\n  return 0;\n}\n"

  private func run(_ program: URL, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(program.path) \(arguments)")
    return String(decoding: text, as: UTF8.self)
  }

  @Test func `an optimised program is smaller and does the same`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "image-optimizer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let env = URL(filePath: "/usr/bin/env")
    try Data(Self.source.utf8).write(to: URL(filePath: path("program.c")))
    _ = try run(
      env,
      ["clang", "-g", "-Os", "-fno-omit-frame-pointer", "-S", path("program.c"), "-o", path("program.s")])
    let listing = [UInt8](try Data(contentsOf: URL(filePath: path("program.s"))))
    let smaller = optimized(listing)
    try Data(smaller).write(to: URL(filePath: path("smaller.s")))

    var results: [(output: String, byteCount: Int)] = []
    for name in ["program", "smaller"] {
      _ = try run(env, ["clang", "-c", path(name + ".s"), "-o", path(name + ".o")])
      _ = try run(env, ["clang", path(name + ".o"), "-o", path(name)])
      let headers = try run(env, ["llvm-objdump", "--section-headers", path(name + ".o")])
      let byteCount = headers.split(separator: "\n").map { $0.split(separator: " ") }
        .filter { $0.count > 2 && $0[1].hasPrefix(".text") }.compactMap { Int($0[2], radix: 16) }.reduce(0, +)
      results.append((try run(URL(filePath: path(name)), []), byteCount))
    }
    #expect(results[0].output == results[1].output)
    #expect(results[1].byteCount < results[0].byteCount * 9 / 10, "\(results)")
    // The next build of the same sources is the same, byte for byte.
    #expect(optimized(listing) == smaller)
  }
}
