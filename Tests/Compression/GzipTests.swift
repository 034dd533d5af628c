import Bytes
import Compression
import Foundation
import NetworkSimulation
import Testing

struct GzipTests {
  /// What `gzip` makes of `bytes`; `level` 1...9.
  private func gzip(_ bytes: [UInt8], level: Int = 9) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/gzip")
    process.arguments = ["-n", "-c", "-\(level)"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // The texts are shorter than a pipe is long: 64 KB.
    try input.fileHandleForWriting.write(contentsOf: bytes)
    try input.fileHandleForWriting.close()
    let compressed = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return [UInt8](compressed)
  }

  private func decompress(_ bytes: [UInt8], limit: Int = 1 << 20) throws(GzipError) -> [UInt8] {
    try Gzip.decompress(bytes.span, limit: limit)
  }

  private static let texts: [String] = [
    "", "a", String(repeating: "a", count: 1000), "Pfeffer aus Kampot, 100 g. Pfeffer aus Kerala, 100 g.",
    (0..<4000).map { "\($0 * $0 % 997)" }.joined(separator: ","),
  ]

  @Test(arguments: texts, [1, 6, 9]) func `what gzip packs is unpacked`(text: String, level: Int) throws {
    #expect(try decompress(gzip(Array(text.utf8), level: level)) == Array(text.utf8))
  }

  @Test func `bytes without order, which gzip stores, are unpacked`() throws {
    var random = SplitMix64(seed: 7)
    let bytes = (0..<50_000).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
    let packed = try gzip(bytes)
    #expect(packed.count > bytes.count)
    #expect(try decompress(packed) == bytes)
  }

  @Test func `a copy may reach back 32 KB, and be 258 bytes long`() throws {
    var random = SplitMix64(seed: 8)
    let once = (0..<32_000).map { _ in UInt8(truncatingIfNeeded: random.next() >> 24) }
    let bytes = once + once.prefix(20_000)
    let packed = try gzip(bytes)
    #expect(packed.count < bytes.count * 7 / 10)
    #expect(try decompress(packed) == bytes)
  }

  @Test func `the limit is the longest that is unpacked`() throws {
    let packed = try gzip(Array("0123456789".utf8))
    #expect(try decompress(packed, limit: 10) == Array("0123456789".utf8))
    #expect(throws: GzipError.tooLarge) { try decompress(packed, limit: 9) }
  }

  @Test func `a file that ends early is refused, wherever it ends`() throws {
    let packed = try gzip(Array(Self.texts[3].utf8))
    for count in 0..<packed.count {
      #expect(throws: GzipError.self) { try decompress(Array(packed.prefix(count))) }
    }
  }

  @Test func `a file that is no gzip file, or names itself, is refused`() throws {
    var packed = try gzip([1, 2, 3])
    packed[3] = 8
    #expect(throws: GzipError.unknownFormat) { try decompress(packed) }
    #expect(throws: GzipError.unknownFormat) { try decompress([UInt8](repeating: 0, count: 64)) }
  }

  @Test func `a flipped bit is found, unless it is one that nobody reads`() throws {
    let text = Array(Self.texts[4].utf8)
    let packed = try gzip(text)
    var random = SplitMix64(seed: 9)
    for _ in 0..<300 {
      var damaged = packed
      let bit = Int(random.next() % UInt64((packed.count - 10) * 8)) + 80
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      // Up to seven bits fill the stream's last byte.
      if let unpacked = try? decompress(damaged, limit: text.count) {
        #expect(unpacked == text && bit / 8 == packed.count - 9)
      }
    }
  }

  @Test(
    arguments: [
      // A block of type 3; a stored length without its complement; a copy from before the beginning; three codes of one
      // bit; a run of the length before the first.
      [0b111], [0b001, 1, 0, 0, 0], [0b0000_0011, 0b0000_0010, 0], [0b101, 0, 0b1001_0010, 0],
      [0b101, 0, 0b0000_0010, 0, 0],
    ] as [[UInt8]])
  func `a stream that contradicts itself is refused`(stream: [UInt8]) {
    let member = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3] + stream + [UInt8](repeating: 0, count: 16)
    #expect(throws: GzipError.damaged) { try decompress(member) }
  }
}
