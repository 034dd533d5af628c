import Glibc
import Testing

@testable import SoukKit

@Suite struct ImageBenchTests {
  @Test func `instructions belong to the function whose block ran`() {
    let symbols = [
      ELFFile.Symbol(name: "second", address: 0x2000, byteCount: 16, file: nil),
      ELFFile.Symbol(name: "first", address: 0x1000, byteCount: 16, file: nil),
    ]
    let profile = InstructionProfile(
      from: [0x1000: 5], to: [0x1000: 15, 0x1008: 7, 0x2000: 100, 0x10: 1], symbols)
    #expect(
      profile.functions == [
        .init(name: "second", instructions: 100), .init(name: "first", instructions: 17),
        .init(name: "?", instructions: 1),
      ])
  }

  @Test func `a block translated twice counts once`() throws {
    let path = try BenchMachine.makeFolder() + "/counts"
    let counter = try InstructionCounter(path)
    // As the plugin writes it: the sum, two blocks, and each one's address, instructions and runs.
    let words: [UInt64] = [42, 2, 0x1000, 3, 4, 0x1000, 3, 10]
    let file = open(path, O_WRONLY)
    _ = words.withUnsafeBytes { pwrite(file, $0.baseAddress!, $0.count, 0) }
    close(file)
    #expect(counter.total == 42)
    #expect(counter.blocks == [0x1000: 42])
    #expect(try counter.whenQuiet() == 42)
    unlink(path)
    rmdir(String(path.dropLast("/counts".count)))
  }

  @Test func `the report has a row for each image and for the peers`() {
    let report = ImageBenchReport(
      date: "2026-11-28T00:00:00Z", processor: "a processor", requestCount: 50,
      images: [
        .init(
          name: "gateway", fileByteCount: 1 << 20, bootInstructions: 400_400, readyInstructions: 300_000,
          instructionsPerRequest: 50_150, leastMegabytes: 4)
      ], instructionsPerProduct: 120_000, starts: [])
    let text = report.text
    for words in ["400 k", "371 k", "50.1 k", "120 k", "1024.0 KB", "4 MB", "Unikraft", "MirageOS"] {
      #expect(text.contains(words), "\(words)")
    }
  }
}
